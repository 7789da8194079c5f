// SPDX-License-Identifier: MIT

// The program of the benchmark: calls one small function in a loop and prints what a call
// costs, in nanoseconds, once for each round. With a LINE the function is Serve, else Work.
package main

import (
	"errors"
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

type kind uint8

type address struct{ path string }

type request struct {
	method string
	url    *address
}

var errEven = errors.New("an even number")

// Serve has what probes take steps to read.
//
//go:noinline
func Serve(r *request, k kind, line []byte) error {
	if inner(len(line))&1 == 0 {
		return nil
	}
	return errEven
}

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		usage()
	}
	return n
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: loop ROUNDS CALLS [LINE]")
	os.Exit(2)
}

func work(calls int) int {
	sum := 0
	for i := 0; i < calls; i++ {
		sum += Work(i)
	}
	return sum
}

func serve(calls int, line []byte) int {
	r, failed := &request{"GET", &address{"/"}}, 0
	for i := 0; i < calls; i++ {
		if Serve(r, kind(i), line) != nil {
			failed++
		}
	}
	return failed + 1
}

func main() {
	if len(os.Args) != 3 && len(os.Args) != 4 {
		usage()
	}
	rounds, calls := number(1), number(2)
	sum := 0
	for i := 0; i < rounds; i++ {
		start := time.Now()
		if len(os.Args) == 4 {
			sum += serve(calls, []byte(os.Args[3]))
		} else {
			sum += work(calls)
		}
		fmt.Printf("%.3f\n", float64(time.Since(start).Nanoseconds())/float64(calls))
	}
	if sum == 0 {
		fmt.Println("no calls")
	}
}
