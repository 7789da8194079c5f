# SPDX-License-Identifier: MIT
# What the tests of `probes toolexec` share: source it behind tests/lib.sh.
# shellcheck shell=bash
export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOWORK=off
TOOLEXEC="-toolexec=$PROBES toolexec"

# program DIR: a module with one command that says "ran ARGUMENT...". It needs few packages.
program() {
	mkdir -p "$1"
	printf 'module example.com/program\n\ngo 1.18\n' >"$1/go.mod"
	cat >"$1/main.go" <<-'EOF'
		package main

		import (
			"fmt"
			"os"
		)

		func main() {
			fmt.Println(append([]any{"ran"}, any(os.Args[1:]))...)
		}
	EOF
}

GO=${GO:-/usr/local/go/bin/go}
[ -x "$GO" ] || GO=go
go() { nice "$GO" "$@"; }
go_minor() { go env GOVERSION | cut -d. -f2; }

# probed FILE: it has probes, and is what its records say.
probed() {
	"$PROBES" verify "$1" >verified || die "$1 does not verify"
	[ "$("$PROBES" list "$1" runtime:goroutine_create | wc -l)" -ge 1 ] ||
		die "$1 has no probe runtime:goroutine_create"
}

unprobed() { # unprobed FILE: it is a program without any probe
	expect_exit 3 "$PROBES" list "$1"
}

identity() { stat -c %i "$1"; } # changes when a file is written anew; go touches old ones

# differing A B: the offsets at which they differ, from 0; fails when their sizes do
differing() {
	[ "$(stat -c %s "$1")" = "$(stat -c %s "$2")" ] || die "$1 and $2 are of different size"
	{ cmp -l "$1" "$2" || true; } | awk '{ print $1 - 1 }'
}
