// SPDX-License-Identifier: MIT

// The program whose tracing is measured: calls one function at a given rate, from several
// goroutines in turns of a millisecond, and prints how many calls it made in how many
// seconds, and for how many seconds it used a processor.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var paths = [...]string{"/", "/favicon.ico", "/api/users/42", "/static/js/main.5f3a1c.chunk.js"}

//go:noinline
func inner(n int) int { return n + 1 }

// Handle has what a request has: a number and a text, and a result.
//
//go:noinline
func Handle(n int, path string) int { return inner(n) + len(path) }

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		usage()
	}
	return n
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: pace GOROUTINES CALLS_PER_SECOND MILLISECONDS\n"+
		"A rate of 0 is as many as it can.")
	os.Exit(2)
}

// call calls Handle at the rate until the time is over, and returns how often.
func call(rate int, start time.Time, limit time.Duration) int {
	calls := 0
	for {
		spent := time.Since(start)
		if spent >= limit {
			return calls
		}
		due := calls + 100
		if rate > 0 {
			due = int(int64(rate) * int64(spent) / int64(time.Second))
		}
		if due > calls+1000 {
			due = calls + 1000 // the clock is looked at now and then
		}
		for ; calls < due; calls++ {
			Handle(calls, paths[calls&3])
		}
		if rate > 0 && int64(calls) >= int64(rate)*int64(time.Since(start))/int64(time.Second) {
			time.Sleep(time.Millisecond)
		}
	}
}

func processor() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func main() {
	if len(os.Args) != 4 {
		usage()
	}
	goroutines, rate, limit := number(1), number(2), time.Duration(number(3))*time.Millisecond
	counts := make([]int, goroutines)
	var group sync.WaitGroup
	start, before := time.Now(), processor()
	for i := range counts {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			counts[i] = call(rate/goroutines, start, limit)
		}(i)
	}
	group.Wait()
	calls := 0
	for _, count := range counts {
		calls += count
	}
	fmt.Printf("%d %.4f %.4f\n", calls, time.Since(start).Seconds(), processor()-before)
}
