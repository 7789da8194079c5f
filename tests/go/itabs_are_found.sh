#!/bin/bash
# SPDX-License-Identifier: MIT
# The method tables of the errors whose text is known are found, and nothing else, however
# the program is linked.
. "$(dirname "$0")/../lib.sh"
need go gcc
dump=${UNIT:-$ROOT/build/tests}/dump_itabs
cat >app.go <<'END'
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	_, err := net.LookupHost("x.invalid")
	fmt.Println(fmt.Errorf("%w", err), os.ErrClosed)
}
END

check() { # check KIND: app is what go nm says
	"$dump" app 'errors.(*errorString).Error' 'fmt.(*wrapError).Error' \
		'fmt.(*wrapErrors).Error' | sort >found
	go tool nm app | awk '$3 ~ /^go[:.]itab\.\*(errors\.errorString|fmt\.wrapErrors?),error$/ {
		printf "%16s\n", $1 }' | tr ' ' 0 | sort >itabs
	[ -s itabs ] || die "$1: nm knows no itab"
	cmp found itabs || die "$1: $(paste found itabs)"
	ok "$1"
}

build_go app . go
check 'as go builds it'
CGO_ENABLED=0 build_go app . go -buildmode=pie
check 'position-independent'
build_go app . go -ldflags=-linkmode=external
check 'linked by gcc'
build_go app . go -buildmode=pie '-ldflags=-linkmode=external -extldflags=-rdynamic'
check 'position-independent, with exported symbols'
build_go app . go '-ldflags=-linkmode=external "-extldflags=-no-pie -rdynamic"'
check 'with exported symbols'
