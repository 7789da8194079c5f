#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# What people type: probes trace with a command, with all processes of a file, in another root,
# with an end; what it prints, and what it says when there is nothing to trace.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/trace/live.bash"
need python3
need_jsonschema
load_build
http='net_http:server_request*'

echo | "$PROBES" trace --spans --json ./load "$http" -- ./load -mode http -n 40 \
	-truth truth.json >command.json 2>command.err || die "$(cat command.err)"
grep '^{' command.json >lines.json
python3 "$ROOT/tests/trace/trace_check.py" "$ROOT/docs/trace.schema.json" lines.json truth.json
expect_match command.err '^probes: attached to [0-9]+ probes at [0-9]+ sites$' \
	'^probes: [0-9]+ events, 0 lost'
ok "a command's requests, each once, as JSON"

# Site by site, as on kernels without uprobe_multi.
echo | PROBES_NO_MULTI=1 "$PROBES" trace --spans --json load "$http" -- ./load -mode http \
	-n 40 -truth truth.json >command.json 2>command.err || die "$(cat command.err)"
grep '^{' command.json >lines.json
python3 "$ROOT/tests/trace/trace_check.py" "$ROOT/docs/trace.schema.json" lines.json truth.json
ok "the same when sites are attached one by one"

# Two processes of the file; the command's tracer sees only its own.
load_start -mode http -n 10
first=$LOAD_PID
exec 8>&9
"$PROBES" trace ./load "$http" >all.out 2>all.err 9>&- 8>&- &
tracer=$!
STARTED+=("$tracer")
wait_for 30 grep -qs 'attached' all.err || die "$(cat all.err)"
echo | "$PROBES" trace ./load "$http" -- ./load -mode http -n 5 -truth own.json \
	>own.out 2>own.err
echo go >&8
exec 8>&- 9>&-
wait "$first"
kill -INT "$tracer"
wait "$tracer" || die "Ctrl-C is an error: $(cat all.err)"
[ "$(awk '{print $2}' all.out | sort -u | wc -l)" = 2 ] || die "not two processes: $(cat all.out)"
[ "$(grep -c server_request_start own.out)" = 5 ] || die "not 5 requests: $(cat own.out)"
awk '/server_request_start/ {print $2}' own.out | sort -u | grep -vqx "$first" ||
	die "events of another process"
ok "all processes of a file; of a command only its own"

# Text for people: time, process, goroutine, probe, arguments by name.
expect_match own.out \
	'^[0-9:]{8}\.[0-9]{6} +[0-9]+ +[0-9]+ net_http:server_request_start method=GET uri=/' \
	'uri=/[^ ]* host=127\.0\.0\.1:'
"$PROBES" trace ./load -s "$http" -n 3 -- ./load -mode http -n 20 -truth t <<<go 2>few.err |
	grep server_request >few.out
[ "$(wc -l <few.out)" = 3 ] || die "-n 3 gave $(wc -l <few.out) lines"
expect_match few.out 'net_http:server_request [0-9.]+[mu]s method=GET .* status=200'
ok "lines for people; -n ends"

# As in a container: its program has another path, in another root and mount namespace.
mkdir -p root && cp load root/app
unshare -m sh -c 'mount --bind root /mnt && exec /mnt/app -mode http -n 6 -truth /dev/null' \
	<load.in >boxed.log 2>&1 &
boxed=$!
STARTED+=("$boxed")
exec 9>load.in
wait_for 20 grep -qs ready boxed.log || die "$(cat boxed.log)"
"$PROBES" trace "$boxed" "$http" >boxed.out 2>boxed.err 9>&- &
tracer=$!
STARTED+=("$tracer")
wait_for 30 grep -qs attached boxed.err || die "$(cat boxed.err)"
echo go >&9
exec 9>&-
wait "$tracer" || die "$(cat boxed.err)"
[ "$(grep -c server_request_start boxed.out)" = 6 ] || die "in a box: $(cat boxed.out)"
ok "a process in another mount namespace; ends with it"

expect_exit 3 "$PROBES" trace ./load 'net_http:no_such'
expect_match err '^probes: \./load: none of its [0-9]+ probes match net_http:no_such; `probes list'
expect_exit 3 "$PROBES" trace ./load net_http:server_requst
expect_match err 'server_requst, did you mean net_http:server_request_start\? `probes list \./load`'
cp /bin/true plain
expect_exit 3 "$PROBES" trace ./plain
expect_match err '^probes: \./plain: no USDT probes'
expect_exit 1 "$PROBES" trace 4194304
expect_match err 'process 4194304: there is no such process'
expect_exit 1 "$PROBES" trace ./load -p 4194304
expect_match err 'process 4194304: there is no such process'
expect_exit 2 "$PROBES" trace ./load -d never
expect_exit 2 "$PROBES" trace
expect_exit 2 "$PROBES" trace 1 -- true
expect_exit 0 "$PROBES" trace ./load "$http" -d 200ms
expect_match err '^probes: no process seen runs \./load now; those that start later are traced$'
expect_match err ' 0 events, 0 lost'
ok "what cannot be traced is said in a line"
