// SPDX-License-Identifier: MIT

//go:build go1.24

package main

import "os"

func init() {
	newer = append(newer, func() {
		root, _ := os.OpenRoot("")
		root.Open("")
	})
}
