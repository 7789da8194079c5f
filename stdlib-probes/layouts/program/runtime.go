// SPDX-License-Identifier: MIT
package main

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
)

func callback()

func init() {
	callback()
	ctx, task := trace.NewTask(context.Background(), "")
	trace.Log(ctx, "", "")
	trace.WithRegion(ctx, "", func() {})
	task.End()
	pprof.Do(ctx, pprof.Labels(), func(context.Context) {})
	pprof.StartCPUProfile(io.Discard)
	pprof.StopCPUProfile()
	debug.SetGCPercent(100)
	debug.FreeOSMemory()
	runtime.Goexit()
}
