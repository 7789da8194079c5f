#!/bin/bash
# SPDX-License-Identifier: MIT
# Go programs for other machines, big-endian and 32-bit ones too, are refused with one line.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d" "$TEST_TMP/tiny" # a tiny program: each machine's library is compiled first
printf 'package main\n\nfunc main() { println("hello") }\n' >"$TEST_TMP/tiny/main.go"
other() { (export CGO_ENABLED=0 "${@:2}" && build_go "$1" "$TEST_TMP/tiny"); }
for arch in 386 arm64 riscv64 s390x; do
	other "$d/go-$arch" GOARCH=$arch
	case $arch in
	386) refused "$d" "go-$arch" '32-bit' ;;
	s390x) refused "$d" "go-$arch" 'endian' ;;
	*) refused "$d" "go-$arch" 'x86-64|amd64|machine' ;;
	esac
done
other "$d/go-windows" GOOS=windows GOARCH=amd64
refused "$d" go-windows
other "$d/go-freebsd" GOOS=freebsd GOARCH=amd64 # ELF for x86-64 too
sound "$d/go-freebsd"
ok "go-freebsd: exit $RC"
