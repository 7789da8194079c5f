// SPDX-License-Identifier: MIT

//go:build go1.23

package main

import "iter"

func init() { iter.Pull(func(func(int) bool) {}) }
