#!/bin/bash
# SPDX-License-Identifier: MIT
# Several injects of one file at the same moment: each leaves a whole file, none leaves litter.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/old"
"$PROBES" inject -o "$TEST_TMP/new" "$TEST_TMP/old" 2>/dev/null
for ((round = 0; round < 20; round++)); do
	cp "$TEST_TMP/old" "$d/app"
	pids=()
	for i in 1 2 3 4; do
		"$PROBES" inject "$d/app" 2>"$TEST_TMP/err-$i" &
		pids+=($!)
	done
	for i in 1 2 3 4; do
		wait "${pids[i - 1]}" || die "one of four fails: $(cat "$TEST_TMP/err-$i")"
	done
	cmp "$d/app" "$TEST_TMP/new"
	[ "$(ls -A "$d")" = app ] || die "litter: $(ls -A "$d")"
done
ok "20 rounds of 4 injects of one file at once"
