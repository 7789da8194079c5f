#!/bin/bash
# SPDX-License-Identifier: MIT
# With each toolchain: every builtin probe, and every one of compat, binds, agrees with DWARF,
# and gets the same operands from the layout data and from a binary without DWARF and symbols.
. "$(dirname "$0")/../lib.sh"
need go
unit=${UNIT:-$ROOT/build/tests}
compat=$ROOT/stdlib-probes/compat/usdt-fork.yaml
failures=0

check() { # check GO: binds the program of stdlib-probes/layouts three ways
	(cd "$ROOT/stdlib-probes/layouts/program" || exit
	export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
	"$1" build -o "$TEST_TMP/program" . && "$1" build -ldflags='-s -w' -o "$TEST_TMP/bare" .)
	"$unit/dump_bound" dwarf "$TEST_TMP/program" >"$TEST_TMP/dwarf"
	"$unit/dump_bound" layout "$TEST_TMP/program" >"$TEST_TMP/layout"
	"$unit/dump_bound" dwarf "$TEST_TMP/bare" >"$TEST_TMP/bare.out" 2>"$TEST_TMP/bare.err" &&
		return 1 # it must say that it had no DWARF
	"$unit/dump_bound" layout "$TEST_TMP/bare" >"$TEST_TMP/bare.out"
	[ "$(wc -l <"$TEST_TMP/dwarf")" -ge 77 ] || return 1
	"$unit/dump_bound" dwarf "$TEST_TMP/program" "$compat" >>"$TEST_TMP/dwarf"
	"$unit/dump_bound" layout "$TEST_TMP/program" "$compat" >>"$TEST_TMP/layout"
	"$unit/dump_bound" layout "$TEST_TMP/bare" "$compat" >>"$TEST_TMP/bare.out"
	! grep refused "$TEST_TMP/dwarf" | grep -v 'refused go-version' || return 1
	diff "$TEST_TMP/dwarf" "$TEST_TMP/layout" && diff "$TEST_TMP/dwarf" "$TEST_TMP/bare.out"
}

while read -r version go; do
	if check "$go"; then ok "$version"; else not_ok "$version"; failures=1; fi
done < <("$ROOT/tests/toolchains.sh")
exit $failures
