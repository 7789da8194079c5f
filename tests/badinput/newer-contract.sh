#!/bin/bash
# SPDX-License-Identifier: MIT
# A file injected by a newer version of the contract is refused with one line, not changed.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/good"
"$PROBES" inject -o "$d/injected" "$TEST_TMP/good" >/dev/null
for version in 2 1000 0xffffffff; do
	cp "$d/injected" "$d/newer-$version"
	mutate contract "$d/newer-$version" $version
	refused "$d" "newer-$version" 'newer|version'
	before=$(snapshot "$d")
	for command in strip verify; do
		run_probes $command "$d/newer-$version"
		[ "$RC" = 1 ] || die "$command of a newer contract: exit $RC instead of 1"
		one_line "newer-$version"
	done
	[ "$before" = "$(snapshot "$d")" ] || die "strip changed a file of a newer contract"
done
ok "strip and verify refuse it too"
