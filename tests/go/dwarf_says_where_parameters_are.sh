#!/bin/bash
# SPDX-License-Identifier: MIT
# Types and parameters come out of DWARF the same whether its sections are compressed,
# plain or in a position-independent file; a stripped file has none.
. "$(dirname "$0")/../lib.sh"
need go
dump=${UNIT:-$ROOT/build/tests}/dump_godwarf
cd "$TEST_TMP"

cat >go.mod <<'END'
module example.com/tiny

go 1.18
END
cat >main.go <<'END'
package main

import "net/http"

type Outer struct {
	http.Header
	Inner struct{ A, B int32 }
	Next  *Outer
}

//go:noinline
func Many(a int8, b string, c []byte, o *Outer, f float64, e error) (n int, err error) {
	defer func() { n++ }()
	return int(a) + len(b) + len(c) + int(o.Inner.B) + int(f), e
}

func main() { println(Many(1, "b", nil, &Outer{}, 1, nil)) }
END
cat >want <<'END'
main.Many
  in a int8 1 1@reg0
  in b string 16 8@reg3 8@reg2
  in c []uint8 24 8@reg5 8@reg4 8@reg8
  in o *main.Outer 8 8@reg9
  in f float64 8 8@reg17
  in e error 16 8@reg10 8@reg11
  out n int 8
  out err error 16
main.Outer 24: Header at 0 8 net/http.Header
main.Outer 24: Inner at 8 8 struct { A int32; B int32 }
main.Outer 24: Next at 16 8 *main.Outer
string 16: len at 8 8 int
main.Outer 24: no Nothing
main.Nothing: absent
END

check() { # check NAME BUILD-OPTION...
	CGO_ENABLED=0 go build -o program "${@:2}" .
	"$dump" program main -- main.Many main.Outer:Header main.Outer:Inner main.Outer:Next \
		string:len main.Outer:Nothing main.Nothing:x >got
	diff want got || die "$1"
	ok "$1"
}
check compressed
check plain -ldflags=-compressdwarf=false
check position-independent -buildmode=pie

strip -g program
"$dump" program main -- main.Many >got
expect_line got 'no DWARF'
ok stripped
