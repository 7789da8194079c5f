// SPDX-License-Identifier: MIT

// Calls a function without a stack check in a tight loop, stops the world again and again, and
// prints how long that took: the median and the longest, in microseconds.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"
)

//go:noinline
//go:nosplit
func inner(n int) int { return n + 1 }

// Step has a frame, because it calls another function.
//
//go:noinline
//go:nosplit
func Step(n int) int { return inner(n) + 1 }

var sum int

func spin() {
	for {
		sum = Step(sum)
	}
}

func main() {
	stops := 1000
	if len(os.Args) == 2 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < 1 {
			fmt.Fprintln(os.Stderr, "usage: stop [STOPS]")
			os.Exit(2)
		}
		stops = n
	}
	go spin()
	spent := make([]float64, stops)
	var stats runtime.MemStats
	for i := range spent {
		time.Sleep(time.Millisecond)
		start := time.Now()
		runtime.ReadMemStats(&stats)
		spent[i] = float64(time.Since(start).Nanoseconds()) / 1e3
	}
	sort.Float64s(spent)
	fmt.Printf("%.1f %.1f\n", spent[stops/2], spent[stops-1])
}
