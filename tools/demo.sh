#!/bin/bash
# SPDX-License-Identifier: MIT
# The demonstration (make demo): builds a Go server that is its own client, gives the finished
# file probes, lists them, and watches its requests with bpftrace by name.
. "$(dirname "$0")/../tests/lib.sh"
sample=$ROOT/tests/fixtures/shop
app=$TEST_TMP/shop
script='
usdt:APP:net_http:server_request_start
{ printf("  goroutine %-5d %-8s %s\n", arg0, str(arg1, arg2), str(arg3, arg4)); }
usdt:APP:net_http:server_h2_stream_start
{ printf("  goroutine %-5d (HTTP/2) %s\n", arg0, str(arg3, arg4)); }
usdt:APP:net_http:server_write_header
{ printf("  goroutine %-5d status   %d\n", arg0, arg1); }
usdt:APP:database_sql:query_start
{ printf("  goroutine %-5d SQL      %s\n", arg0, str(arg1, arg2)); }'

step() { printf '\n\033[1m%s\033[0m\n' "-- $*"; }
[ -t 1 ] || step() { printf '\n%s\n' "-- $*"; }

show() { # show COMMAND...: prints it with short paths, then runs it
	echo "\$ $*" | sed "s|$ROOT/||g; s|$TEST_TMP/||g"
	"$@"
}

step "a Go server with HTTP, HTTP/2, TLS and database/sql: $(go version | cut -d' ' -f3)"
show build_go "$app" "$sample"
cp "$app" "$app.original"

step 'inject: the finished file gets its probes'
show "$PROBES" inject "$app"

step 'list: what any tracer can now attach to'
show "$PROBES" list "$app"

step 'watch: plain bpftrace, by name'
echo "$script" | sed "s|APP|./shop|"
need_bpf
mkfifo "$TEST_TMP/go"
"$app" <"$TEST_TMP/go" >"$TEST_TMP/shop.log" 2>&1 &
server=$!
exec 3>"$TEST_TMP/go"
wait_for 20 grep -qs '^ready' "$TEST_TMP/shop.log" || die 'the server does not start'
bpftrace_start trace -e "${script//APP/$app}"
echo 'attached; the server now serves requests of its own clients:'
echo go >&3
exec 3>&-
wait_for 40 eval "! kill -0 $server 2>/dev/null" || kill "$server"
sleep 1
bpftrace_stop
grep '^  goroutine' "$TEST_TMP/trace.log" >"$TEST_TMP/events" || die 'no request was seen'
# The sample does far more than fits a screen: some of its SQL, then some of its requests.
awk '$3 == "SQL" { if (sql++ < 6) print; next }
	/HTTP.2/ { h2++ }
	web++ < 18 || (h2 > 0 && h2 < 4)' "$TEST_TMP/events"
echo "$(wc -l <"$TEST_TMP/events") events in all, most of them left out here"

step 'trace: our own tracer, which joins start and end'
echo "\$ probes trace --spans ./shop 'net_http:server_request*' 'database_sql:query*' -- ./shop"
echo go | "$PROBES" trace --spans "$app" 'net_http:server_request*' 'database_sql:query*' \
	-- "$app" 2>"$TEST_TMP/trace.err" | grep -E ':(server_request|query) ' >"$TEST_TMP/spans" ||
	die "nothing was traced: $(cat "$TEST_TMP/trace.err")"
awk '/:query / ? sql++ < 3 : web++ < 6' "$TEST_TMP/spans" | cut -c 1-120
tail -n 1 "$TEST_TMP/trace.err"

step 'strip: the original file comes back'
show "$PROBES" strip "$app"
show cmp "$app" "$app.original" && echo 'the same, byte for byte'
