// SPDX-License-Identifier: MIT
//go:build go1.21

package main

import "log/slog"

func init() {
	newer = append(newer, func() { slog.New(slog.NewTextHandler(nil, nil)).Info("") },
		func() { slog.LogAttrs(nil, 0, "") })
}
