#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# Every way of linking: the program has probes, runs, and `probes strip` gives what the
# linker makes without the pass.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
program app
cd app

check() { # check NAME FLAG...
	local name=$1
	shift
	go build -o plain -ldflags="-buildid= ${LD:-}" "$@" .
	go build -o app "$TOOLEXEC" -ldflags="-buildid= ${LD:-}" "$@" . 2>err
	[ ! -s err ] || { cat err >&2; die "$name: says something"; }
	probed app
	[ "$(./app a b)" = "ran [a b]" ] || die "$name: does not run"
	"$PROBES" strip app
	cmp plain app || die "$name: strip does not give the linker's file"
	ok "$name"
}

check "-trimpath" -trimpath
LD='-s -w' check "no symbols"
[ "$(go_minor)" -lt 20 ] || check "-cover" -cover
check "pie" -buildmode=pie
CGO_ENABLED=0 LD='-linkmode=internal' check "static pie" -buildmode=pie
command -v gcc >/dev/null || exit 0
sed -i 's/^import (/import "C"\n\nimport (/' main.go # cgo
check "cgo"
check "-race" -race
LD='-linkmode=external -extldflags=-static -s' check "cgo, static, no symbols"
LD='-linkmode=external' check "cgo, pie, external linking" -buildmode=pie
