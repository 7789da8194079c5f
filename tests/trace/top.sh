#!/bin/bash
# SPDX-License-Identifier: MIT
# slow (Go programs and the kernel)
# needs: bpf
# `probes top`: counts, errors and latencies by key are those that the driver says.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/trace/live.bash"
trap stop_all EXIT
need_jsonschema
load_build

load_traced all top --json -i 300ms PID -- -mode http,sql,dns,tls,execs -n 500 -slow 12ms
python3 "$ROOT/tests/trace/top_truth.py" all.out truth.json 12 ||
	die "top and the driver say different things"
ok 'counts, errors and latencies by default keys'

load_traced text top --rows 0 ./load -p PID net_http:server_request -- -mode http -n 200
sed -n '/in all/,$p' text.out >whole.out
expect_match whole.out '^net_http:server_request  +[0-9.]+ +200 +10 ' \
	'^  GET /broken  +[0-9.]+ +10 +10 .*us ' '^  GET /slow  +[0-9.]+ +4 +0 .*ms  *[0-9.]+ms$'
# Routes are events, too.
expect_match text.err '^probes: attached to 3 probes at ' '^probes: 400 events, 0 lost$'
ok 'the table of the whole time'

# Three rows for eleven keys: the rest is under (other), and nothing is lost from the sums.
load_traced few top --json -k 3 -b uri,method PID net_http:server_request -- -mode http -n 200
python3 - few.out <<'PY' || die "(other) is wrong"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
end, rows = rows[-1], [row for row in rows if row["type"] == "total"]
keys = {row["key"]: row["events"] for row in rows}
assert len(rows) == 4, keys  # the probe is one of the three
assert keys[None] == 200 and sum(keys.values()) == 400, keys
assert end["other"] == keys["(other)"] > 100, (end, keys)
assert all(key is None or key == "(other)" or key[0] == "/" and key[-3:] in ("GET", "OST")
           for key in keys), keys
PY
ok 'no more keys than are wanted'

load_traced route top --json -b route PID net_http:server_request -- -mode http -n 200
python3 - route.out <<'PY' || die "by route is wrong"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
got = {row["key"]: row["events"] for row in rows if row["type"] == "total"}
want = {None: 200, "/goods/": 156, "/orders": 20, "/broken": 10, "/slow": 4}
assert got.pop("-", 10) == 10 and got == want, got
PY
ok 'by route, which another probe tells'

# A command: its own events only, and top ends with it.
"$PROBES" top --json -b status ./load net_http:server_request -- \
	sh -c 'echo go | ./load -mode http -n 100 >&2' >command.out 2>command.err
python3 - command.out <<'PY' || die "by status is wrong"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
got = {row["key"]: (row["events"], row["errors"]) for row in rows if row["type"] == "total"}
assert got == {None: (100, 5), "200": (80, 0), "201": (10, 0), "404": (5, 0), "500": (5, 5)}, got
PY
ok 'a command, by an argument of the end'

# Under way: what began before tracing is no row, and does not spoil the keys.
load_start -mode http -rate 300 -seconds 2 -slow 300ms
load_go
sleep 0.5
"$PROBES" top --json ./load net_http:client_request -d 700ms >late.out 2>late.err
python3 - late.out <<'PY' || die "late is wrong: $(cat late.err)"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
rows = [row for row in rows if row["type"] == "total"]
assert {row["probe"] for row in rows} == {"net_http:client_request"}, rows
assert len(rows) > 5 and all(" 127.0.0.1:" in row["key"] for row in rows[1:]), rows
PY
wait "$LOAD_PID"
ok 'a program that is at work'

load_start -mode http -n 10
expect_exit 0 "$PROBES" top --json -i 100ms -n 3 ./load net_http:server_request
[ "$(wc -l <out)" = 1 ] || die "3 rounds without an event: $(cat out)"
expect_match out '"type":"end",.*,"seconds":(0\.[3-9]|[1-9]).*,"events":0,'
expect_exit 2 "$PROBES" top ./load net_http:server_request -b metod -- touch started
[ ! -e started ] || die 'the command runs though --by is wrong'
[ "$(wc -l <err)" = 1 ] || die "more than one line: $(cat err)"
expect_line err 'probes: --by: none of the selected probes has an argument metod; there are pid,'\
' tid, goid, route, status, written, method, uri, host, remote_addr, content_length, proto_major'
expect_exit 2 "$PROBES" top -s lates ./load
expect_exit 2 "$PROBES" top -i 0 ./load
expect_exit 3 "$PROBES" top ./load nothing:here
"$PROBES" inject -p 'os:*' -o files load >inject.log
expect_exit 3 "$PROBES" top ./files
expect_line err 'probes: ./files: has none of the probes that top shows by itself; name some of '\
'those that `probes list ./files` shows'
load_go
ok 'rounds, and options that are wrong'
