#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# A stripped server from a Debian package under plain bpftrace: each request is seen once, with
# its method, path and status, each handler in a goroutine of its own.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/programs/packages.bash"
. "$ROOT/tests/programs/files.bash"
need_bpf
need python3 curl
fetch caddy || skip "package caddy cannot be had"
trap stop_all EXIT
app=$TEST_TMP/caddy
make_tree "$TEST_TMP/tree"
"$PROBES" inject -o "$app" "$x/caddy/usr/bin/caddy" 2>/dev/null

port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
HOME=$TEST_TMP "$app" file-server --root "$TEST_TMP/tree" --listen "127.0.0.1:$port" \
	>caddy.log 2>&1 &
STARTED+=($!)
here=http://127.0.0.1:$port
wait_for 20 curl -sf --noproxy '*' -o /dev/null "$here/a/text-1" || die "caddy does not serve"

bpftrace_start seen -p "${STARTED[0]}" -e "
usdt:$app:net_http:server_request_start {
	printf(\"request %s %s %d\n\", str(arg1, arg2), str(arg3, arg4), arg0); }
usdt:$app:net_http:server_request_end { printf(\"status %d %d\n\", arg1, arg0); @[arg1] = count(); }
usdt:$app:runtime:goroutine_create { @goroutines = count(); }"
for i in $(seq 100); do
	echo "HEAD /missing/$i 404" >>requested
	echo "GET /a/text-$i 200" >>requested
done
awk -v h="$here" '{print "-X " $1 (($1 == "HEAD") ? " -I " : " ") h $2}' requested |
	xargs -P 8 -L 1 curl -s --noproxy '*' -o /dev/null
sleep 1
bpftrace_stop
grep '^request' "$TEST_TMP/seen.log" | awk '{print $2, $3}' | sort >seen.requests
diff <(awk '{print $1, $2}' requested | sort) seen.requests || die "requests differ"
ok "bpftrace saw each of 200 requests to caddy once, with method and path"
expect_match "$TEST_TMP/seen.log" '^@\[200\]: 100$' '^@\[404\]: 100$'
ok "and their status"
paired=$(awk '/^request/ {open[$4]++} /^status/ {if (open[$3]-- > 0) n++} END {print n}' \
	"$TEST_TMP/seen.log")
[ "$paired" = 200 ] || die "only $paired ends have the goroutine of their start"
ok "start and end agree on the goroutine"
expect_match "$TEST_TMP/seen.log" '^@goroutines: [0-9]+$'
