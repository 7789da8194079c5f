// SPDX-License-Identifier: MIT

//go:build go1.19

package main

import "runtime/debug"

func init() { debug.SetMemoryLimit(1) }
