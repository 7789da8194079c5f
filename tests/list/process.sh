#!/bin/bash
# SPDX-License-Identifier: MIT
# list PID: the program and its libraries, each row naming its file; also when the file was
# deleted since; clear words for no process and for a kernel thread.
. "$ROOT/tests/lib.sh"
need cc
app=$TEST_TMP/app
cc -O2 -shared -fPIC -o "$TEST_TMP/libfixture.so" "$ROOT/tests/fixtures/sdt/app.c"
cc -O2 -o "$app" "$ROOT/tests/fixtures/sdt/app.c" -Wl,--no-as-needed -L"$TEST_TMP" -lfixture \
	-Wl,-rpath,"$TEST_TMP"
"$app" wait >"$TEST_TMP/log" &
pid=$!
trap 'kill $pid 2>/dev/null' EXIT
wait_for 20 grep -q listening "$TEST_TMP/log" || die 'the fixture does not start'

tab=$(printf '\t')
"$PROBES" list "$pid" >"$TEST_TMP/rows"
expect_match "$TEST_TMP/rows" "^fixture:none${tab}1${tab}${tab}$app\$" \
	"^fixture:none${tab}1${tab}${tab}$TEST_TMP/libfixture.so\$"
[ "$(grep -c . "$TEST_TMP/rows")" = 8 ] || die 'not 4 probes in each of 2 files'
"$PROBES" list --json "$pid" >"$TEST_TMP/json"
[ "$(grep -c '"path"' "$TEST_TMP/json")" = 2 ] || die '--json does not name 2 files'
ok 'program and library, each with its file'

rm "$app"
"$PROBES" list "$pid" start >"$TEST_TMP/rows"
expect_match "$TEST_TMP/rows" "^fixture:start${tab}1${tab}.*$app \(deleted\)\$"
ok 'a deleted program is read all the same'

expect_exit 3 "$PROBES" list "$pid" nothing
expect_match "$TEST_TMP/err" "process $pid: none of its 8 probes match nothing"
expect_exit 1 "$PROBES" list 4194305
expect_match "$TEST_TMP/err" 'process 4194305: there is no such process'
sleep 60 &
expect_exit 3 "$PROBES" list $!
kill $!
expect_match "$TEST_TMP/err" 'no USDT probes'
ok 'no match, no process, no probes: one line each'
