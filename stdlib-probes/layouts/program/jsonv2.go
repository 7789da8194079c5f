// SPDX-License-Identifier: MIT
//go:build goexperiment.jsonv2

package main

import "encoding/json/v2"

func init() {
	newer = append(newer, func() {
		json.MarshalWrite(nil, nil)
		json.UnmarshalRead(nil, nil)
	})
}
