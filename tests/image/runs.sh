#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# A program out of an injected image runs, and its probes fire: one event for each request.
. "$(dirname "$0")/../lib.sh"
need_bpf
need python3 go curl
trap stop_all EXIT

build_go app "$ROOT/tests/fixtures/hello" go -ldflags='-s -w'
python3 "$ROOT/tests/image/images.py" make none image.tar app
"$PROBES" inject -p net_http image.tar
python3 "$ROOT/tests/image/images.py" extract image.tar usr/bin/app unpacked
"$PROBES" verify unpacked
start_server server ./unpacked
bpftrace_run events 'usdt:./unpacked:net_http:server_request_start {
	printf("seen %d %s %s\n", arg0, str(arg1, arg2), str(arg3, arg4)); }' \
	curl -sf "http://$SERVER_ADDR/[1-20]" -o out
wait_for 10 eval '[ "$(grep -c ^served server.log)" = 20 ]'
sed -n 's/^served //p' server.log >want
sed -n 's/^seen //p' events.log >got
diff want got
ok "20 requests"
