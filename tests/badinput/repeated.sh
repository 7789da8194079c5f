#!/bin/bash
# SPDX-License-Identifier: MIT
# inject is deterministic, replaces what it did before, takes several files, and -o another
# path; strip of a file that was never injected says so.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d" "$d/out"
go_program "$d/app"
go_program "$d/stripped" '-ldflags=-s -w'
before=$(snapshot "$d")

run_probes inject -o "$TEST_TMP/one" "$d/app"
[ "$RC" = 0 ] || die "inject -o: exit $RC"
run_probes inject -o "$TEST_TMP/two" "$d/app"
cmp "$TEST_TMP/one" "$TEST_TMP/two"
[ "$before" = "$(snapshot "$d")" ] || die "-o changed the input or its folder"
[ -x "$TEST_TMP/one" ] || die "-o: the output is not executable"
[ "$("$TEST_TMP/one")" = "$("$d/app")" ] || die "the output does not run"
ok "-o writes another path; two runs give the same bytes"

run_probes inject "$TEST_TMP/two"
[ "$RC" = 0 ] || die "inject of an injected file: exit $RC: $(cat "$TEST_TMP/.err")"
cmp "$TEST_TMP/one" "$TEST_TMP/two"
run_probes inject -p 'runtime:*' "$TEST_TMP/two"
run_probes inject -o "$TEST_TMP/runtime" -p 'runtime:*' "$d/app"
cmp "$TEST_TMP/two" "$TEST_TMP/runtime"
run_probes strip "$TEST_TMP/two"
cmp "$TEST_TMP/two" "$d/app"
ok "injecting twice is injecting once; other patterns replace the first"

for name in a b c; do cp "$d/app" "$d/out/$name"; done
run_probes inject "$d/out/a" "$d/out/b" "$d/out/c"
[ "$RC" = 0 ] || die "inject of three files: exit $RC: $(cat "$TEST_TMP/.err")"
for name in a b c; do cmp "$d/out/$name" "$TEST_TMP/one"; done
run_probes verify "$d/out/a" "$d/out/b" "$d/out/c"
[ "$RC" = 0 ] || die "verify of three files: exit $RC"
echo text >"$d/out/b"
run_probes strip "$d/out/a" "$d/out/b" "$d/out/c"
[ "$RC" = 1 ] || die "strip of three files, one bad: exit $RC instead of 1"
one_line "$d/out/b"
cmp "$d/out/a" "$d/app"
cmp "$d/out/c" "$d/app"
ok "several files; a bad one among them does not stop the others"

run_probes inject -o "$d/out/x" "$d/app" "$d/stripped"
[ "$RC" = 2 ] || die "-o with two files: exit $RC instead of 2"
run_probes inject -p 'no_such:probe' "$d/app"
[ "$RC" = 3 ] || die "a pattern that matches nothing: exit $RC instead of 3"
run_probes strip "$d/app"
[ "$RC" = 1 ] || die "strip of a plain file: exit $RC instead of 1"
one_line app
ok "strip of a plain file: $(sed "s|$d/||; s|^probes: ||" "$TEST_TMP/.err")"
rm -r "$d/out" && mkdir "$d/out"
[ "$(snapshot "$d")" = "$before" ] ||
	die "an input changed: $(diff <(echo "$before") <(snapshot "$d"))"
