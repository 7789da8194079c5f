#!/bin/bash
# SPDX-License-Identifier: MIT
# serial
# needs: bpf
# inject --mode note changes no code, needs no segment, and its probes fire.
. "$(dirname "$0")/../lib.sh"
need_bpf
need go readelf

build_go app "$ROOT/tests/fixtures/hello"
cp "$TEST_TMP/app" "$TEST_TMP/before"
"$PROBES" inject --mode note "$TEST_TMP/app"
"$PROBES" verify "$TEST_TMP/app"

for section in .text .rodata .noptrdata; do
	for file in app before; do
		objcopy -O binary --only-section=$section "$TEST_TMP/$file" \
			"$TEST_TMP/$file$section"
	done
	cmp "$TEST_TMP/app$section" "$TEST_TMP/before$section"
done
readelf -lW "$TEST_TMP/app" | grep LOAD >"$TEST_TMP/loads"
readelf -lW "$TEST_TMP/before" | grep LOAD | cmp - "$TEST_TMP/loads"
ok 'code and segments are unchanged'

"$PROBES" list --json "$TEST_TMP/app" >"$TEST_TMP/list.json"
grep -q '"note' "$TEST_TMP/list.json" || die 'no site has the note tactic'
start_server app "$TEST_TMP/app"
bpftrace_run trace "usdt:$TEST_TMP/app:net_http:server_request_start {
	printf(\"start %s\n\", str(arg1, arg2)); }
usdt:$TEST_TMP/app:net_http:server_handler_end { printf(\"end\n\"); }" \
	curl -sS -o "$TEST_TMP/page" "http://$SERVER_ADDR/a" "http://$SERVER_ADDR/b"
stop_all
[ "$(grep -c '^start GET' "$TEST_TMP/trace.log")" = 2 ] || die "$(cat "$TEST_TMP/trace.log")"
[ "$(grep -c '^end' "$TEST_TMP/trace.log")" = 2 ] || die "$(cat "$TEST_TMP/trace.log")"
ok 'entry and return notes fire once per request'

"$PROBES" strip "$TEST_TMP/app"
cmp "$TEST_TMP/app" "$TEST_TMP/before"
ok 'strip gives the original back'
