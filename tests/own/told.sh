#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# A build with -toolexec says in a line which of the user's own probes the program does not have
# and why, and fails when a directive cannot be right; tests are built without a word.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
need go
export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOWORK=off
pass="-toolexec=$PROBES toolexec"
mkdir app
cd app
printf 'module example.com/app\n\ngo 1.18\n' >go.mod
cat >main.go <<'END'
package main

//probes:entry inlined n
func small(n int) int { return n + 1 }

//probes:entry kept n
//probes:noinline
func smaller(n int) int { return n + 2 }

//probes:entry instances v
func instance[T any](v T) { println(&v) }

//probes:entry leaf n
//probes:return leaf_end
//
//go:noinline
func leaf(n int) int { return n * 3 }

//probes:entry dead
func dead() { println() }

func main() {
	println(small(leaf(1)), smaller(leaf(2)))
	instance(1)
	instance("a")
}
END
cat >main_test.go <<'END'
package main

import "testing"

func TestLeaf(t *testing.T) { leaf(1) }
END
says() { # says FILE LINE...: all that the pass has said
	sed '/^#/d' "$1" | diff <(printf 'probes: example.com/app: %s\n' "${@:2}") - ||
		die "other lines about $1"
}
absent='function not in this binary (dead code or inlined): inlined in'
keeps='; //go:noinline above it keeps it'
kept='1 place; --mode inline of `probes toolexec` keeps it'
go build "$pass" . 2>built
says built "without main:inlined: $absent 1 place$keeps" \
	"without main:instances: $absent 2 places$keeps" "without main:kept: $absent $kept" \
	'without main:leaf, main:leaf_end: no frame set-up the rewriter knows: too small for a jump; '\
'build with -toolexec="probes toolexec --mode inline"'
"$PROBES" inject -d . app 2>report
expect_line report '  not in this program: main:dead'
ok 'inlined, inlined instances of a generic function, and too small for a jump'

go run "$pass" . 2>run
sed -i '/^[^#p]/d' run # what it prints itself
says run "without main:inlined: $absent 1 place$keeps" \
	"without main:instances: $absent 2 places$keeps" "without main:kept: $absent $kept" \
	'without main:leaf, main:leaf_end: its types are not known: no DWARF, and no signature: '\
'`go run` and -gcflags=-dwarf=false leave it out; take `go build`'
ok 'types that go run leaves out'

go test -vet=off "$pass" . >tested 2>&1
[ "$(grep -vc '^ok' tested)" = 0 ] || { cat tested >&2; die 'a test is built with words'; }
ok 'nothing about tests'

expect_exit 1 go build -o strict "$pass --strict" .
expect_line "$TEST_TMP/err" 'probes: example.com/app: the build fails, as --strict asks, for 5 '\
'refused probes'
[ ! -e strict ] || die '--strict leaves a program'
sed -i 's/entry leaf n/entry leaf m/' main.go
expect_exit 1 go build -o wrong "$pass" .
expect_match "$TEST_TMP/err" 'main.go:13:21: no parameter is called "m"; there is n; to build '
[ ! -e wrong ] || die 'a wrong directive leaves a program'
ok 'an argument that does not exist fails the build, and so does --strict'
