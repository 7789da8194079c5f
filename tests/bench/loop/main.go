// SPDX-License-Identifier: MIT

// The program of the benchmark: calls one small function in a loop and prints what a call
// costs, in nanoseconds, once for each round.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

//go:noinline
func inner(n int) int { return n + 1 }

// Work has a frame and a stack check, because it calls another function.
//
//go:noinline
func Work(n int) int { return inner(n) + 1 }

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		fmt.Fprintln(os.Stderr, "usage: loop ROUNDS CALLS")
		os.Exit(2)
	}
	return n
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: loop ROUNDS CALLS")
		os.Exit(2)
	}
	rounds, calls := number(1), number(2)
	sum := 0
	for i := 0; i < rounds; i++ {
		start := time.Now()
		for j := 0; j < calls; j++ {
			sum += Work(j)
		}
		fmt.Printf("%.3f\n", float64(time.Since(start).Nanoseconds())/float64(calls))
	}
	if sum == 0 {
		fmt.Println("no calls")
	}
}
