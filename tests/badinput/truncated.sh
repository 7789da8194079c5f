#!/bin/bash
# SPDX-License-Identifier: MIT
# A Go program cut at every header boundary and at many sizes is refused, or handled soundly.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/whole" '-ldflags=-s -w'
go_program "$TEST_TMP/symbols"
count=0
for whole in whole symbols; do
	for size in $(mutate boundaries "$TEST_TMP/$whole"); do
		head -c "$size" "$TEST_TMP/$whole" >"$d/cut"
		before=$(sha256sum "$d/cut")
		sound "$d/cut"
		[ "$(sha256sum "$d/cut")" = "$before" ] || die "cut at $size: the input changed"
		[ "$(ls "$d")" = cut ] || die "cut at $size: litter: $(ls "$d")"
		for command in list verify strip; do
			run_probes "$command" "$d/cut"
			case $RC in 0 | 1 | 3) ;; *) die "$command, cut at $size: exit $RC" ;; esac
		done
		count=$((count + 1))
	done
done
ok "$count truncations"
"$PROBES" inject -o "$TEST_TMP/injected" "$TEST_TMP/symbols" >/dev/null
count=0
for size in $(mutate boundaries "$TEST_TMP/injected"); do
	[ "$size" -lt "$(stat -c %s "$TEST_TMP/injected")" ] || continue
	head -c "$size" "$TEST_TMP/injected" >"$d/cut"
	before=$(sha256sum "$d/cut")
	for command in verify strip inject; do
		run_probes "$command" "$d/cut"
		[ "$RC" = 1 ] || die "$command of an injected file cut at $size: exit $RC"
		one_line cut
		[ "$(sha256sum "$d/cut")" = "$before" ] || die "$command, cut at $size: changed"
	done
	count=$((count + 1))
done
ok "$count truncations of an injected file"
