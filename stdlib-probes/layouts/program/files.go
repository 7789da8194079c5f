// SPDX-License-Identifier: MIT
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func waits() {
	var rw sync.RWMutex
	rw.Lock()
	var wait sync.WaitGroup
	wait.Wait()
	time.Sleep(1)
	time.NewTicker(1).Reset(1)
	time.NewTimer(1).Reset(1)
}

func files() {
	data, _ := os.ReadFile("")
	os.WriteFile("", data, 0)
	file, _ := os.Open("")
	file.ReadAt(data, 0)
	file.WriteAt(data, 0)
	file.Sync()
	os.RemoveAll("")
	os.Rename("", "")
	io.Copy(file, file)
	io.ReadAll(file)
	zipped := gzip.NewWriter(file)
	zipped.Close()
	unzipped, _ := gzip.NewReader(file)
	unzipped.Read(data)
	reader, _ := zip.NewReader(file, 0)
	reader.File[0].Open()
	archive := zip.NewWriter(file)
	archive.Create("")
	archive.CreateRaw(nil)
	tar.NewReader(file).Next()
	tar.NewWriter(file).WriteHeader(nil)
}

func processes() {
	signal.Notify(make(chan os.Signal))
	cmd := exec.Command("")
	cmd.Run()
	cmd.Process.Kill()
	syscall.Exec("", nil, nil)
	os.Exit(0)
}
