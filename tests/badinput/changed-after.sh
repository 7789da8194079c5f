#!/bin/bash
# SPDX-License-Identifier: MIT
# An injected file that strip or objcopy then rewrote runs and keeps its probes; what can no
# longer be done with it is refused with one line that says why.
. "$ROOT/tests/badinput/bad.bash"
need strip objcopy

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/static"
go_program "$TEST_TMP/external" -ldflags=-linkmode=external
go_program "$TEST_TMP/pie" -buildmode=pie -ldflags=-linkmode=external
echo hello >"$TEST_TMP/text"
for link in static external pie; do
	"$PROBES" inject "$TEST_TMP/$link" 2>/dev/null
	for tool in 'strip -s' 'strip --strip-debug' "objcopy --add-section .extra=$TEST_TMP/text"; do
		cp "$TEST_TMP/$link" "$d/app"
		$tool "$d/app"
		[ "$("$d/app")" = 'hello from a goroutine' ] || die "$link does not run after $tool"
		"$PROBES" list "$TEST_TMP/$link" | cut -f 1,2 >"$TEST_TMP/before"
		"$PROBES" list "$d/app" | cut -f 1,2 >"$TEST_TMP/after"
		diff "$TEST_TMP/before" "$TEST_TMP/after" || die "$tool loses probes of $link"
		sum=$(sha256sum "$d/app")
		for command in verify strip inject; do
			run_probes $command "$d/app"
			[ "$RC" = 1 ] || die "$command after $tool of $link: exit $RC instead of 1"
			one_line app
			expect_match "$TEST_TMP/.err" 'changed'
			[ "$(sha256sum "$d/app")" = "$sum" ] || die "$command changed the file"
		done
	done
	ok "$link: strip -s, strip --strip-debug, objcopy --add-section"
done
