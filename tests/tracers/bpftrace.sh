#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# bpftrace lists the probe and attaches to it by usdt: name, with and without -p.
. "$ROOT/tests/tracers/tracers.bash"
need_bpf
serve

bpftrace -l "usdt:$APP:*" >"$TEST_TMP/names"
expect_line "$TEST_TMP/names" "usdt:$APP:$PROVIDER:$PROBE"
[ "$(sed "s|^usdt:$APP:||" "$TEST_TMP/names" | sort -u)" = \
	"$("$PROBES" list "$APP" | cut -f1 | sort -u)" ] || die 'bpftrace -l and list differ'
ok "bpftrace -l: all $(sort -u "$TEST_TMP/names" | wc -l) probes of list"

print='printf("hit %d %s %s\n", arg0, str(arg1, arg2), str(arg3, arg4));'
five_hits() { [ "$(grep -c '^hit' "$1")" = 5 ]; }

attach() { # attach NAME ARG...: the hits of five requests in $TEST_TMP/hits
	local name=$1
	shift
	bpftrace_start "$name" "$@" -e "usdt:$APP:$PROVIDER:$PROBE { $print }"
	wait_armed bpftrace "$TEST_TMP/$name.log"
	requests
	wait_for 10 five_hits "$TEST_TMP/$name.log" || cat "$TEST_TMP/$name.log"
	sleep 0.3 # for hits that should not be
	bpftrace_stop
	sed -n 's/^hit //p' "$TEST_TMP/$name.log" >"$TEST_TMP/hits"
}

attach by_path
compare "$TEST_TMP/hits" 'bpftrace by path'

stop_all
start_server server "$APP"
attach by_pid -p "$SERVER_PID"
compare "$TEST_TMP/hits" 'bpftrace -p'
