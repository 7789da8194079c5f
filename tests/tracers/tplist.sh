#!/bin/bash
# SPDX-License-Identifier: MIT
# bcc's tplist finds the probes of a file and of a process: every one that list shows.
. "$ROOT/tests/tracers/tracers.bash"
tplist=$(command -v tplist-bpfcc || command -v tplist || true)
[ -n "$tplist" ] || skip 'bcc is not installed (make deps)'
serve

"$PROBES" list "$APP" | cut -f1 | sort -u >"$TEST_TMP/list"
"$tplist" -l "$APP" | sed -nE 's/^\S+ (\w+:\w+)$/\1/p' | sort -u >"$TEST_TMP/by_file"
diff "$TEST_TMP/list" "$TEST_TMP/by_file" || die 'tplist -l and list differ'
"$tplist" -p "$SERVER_PID" |
	awk -v app="/proc/$SERVER_PID/root$APP" '$1 == app {print $2}' | sort -u >"$TEST_TMP/by_pid"
diff "$TEST_TMP/list" "$TEST_TMP/by_pid" || die 'tplist -p and list differ'
"$tplist" -vv -l "$APP" "$PROVIDER:$PROBE" >"$TEST_TMP/verbose"
expect_match "$TEST_TMP/verbose" 'argument #1 8 unsigned bytes @ \*\(r14 \+ [0-9]+\)' \
	'argument #5 8 signed +bytes @ '
ok "tplist: all $(wc -l <"$TEST_TMP/list") probes of list, by file and by process"
