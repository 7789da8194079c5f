#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# Commands that cannot be run, that leave orphans or take their time; processes that end.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
need go python3 setsid
need_bpf

build_go nested0 "$ROOT/tests/fixtures/nested" go
"$PROBES" inject -p 'encoding_json:*' -o nested nested0 >inject.log
touch text

expect_exit 1 "$PROBES" trace ./nested -- ./absent
expect_line err "probes: cannot run ./absent: No such file or directory"
expect_exit 1 "$PROBES" trace ./nested -- ./text
expect_line err "probes: cannot run ./text: Permission denied"
ok "a command that cannot be run is an error"

"$PROBES" trace -n 5 ./nested 'encoding_json:marshal_end' -- \
	sh -c '(setsid ./nested loop >/dev/null & echo $! >pid) & sleep 3' >out 2>err
kill "$(cat pid)"
[ "$(wc -l <out)" = 5 ] || die "$(cat out err)"
expect_line err "probes: 5 events, 0 lost"
ok "orphans of the command are traced; the summary counts what is printed"

# A new version of the file while the old one runs.
cp nested served
./served loop >/dev/null &
old=$!
STARTED+=("$old")
wait_for 20 grep -q served "/proc/$old/maps" || die "served does not start"
cp nested new && mv new served
"$PROBES" trace -d 50ms ./served 2>err
expect_match err "^probes: an older ./served is run by $old: nothing is seen of that"
"$PROBES" trace -d 50ms -p "$old" ./served 2>err
expect_match err "^probes: process $old does not run this ./served"
"$PROBES" trace -n 2 -p "$old" encoding_json:marshal_end >out 2>err
expect_line err "probes: 2 events, 0 lost"
! grep -q older err || die "$(cat err)"
stop_all
ok "says so when the file is not the one that runs"

python3 "$ROOT/tests/trace/life.py" "$PROBES" ./nested
