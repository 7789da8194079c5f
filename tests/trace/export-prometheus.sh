#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# A Prometheus that reads the endpoint counts what the program did; its own tool finds nothing
# to say about the text.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/trace/export.bash"
need_bpf
need curl python3
trap stop_all EXIT
prometheus_get

build_go load "$ROOT/tests/fixtures/load"
"$PROBES" inject -p 'net_http:*' -p 'database_sql:*' -p 'runtime:goroutine_create' load 2>/dev/null
mkfifo in
./load -mode http,sql -n 1000 -truth truth.json -hold <in >load.log &
pid=$!
STARTED+=("$pid")
exec 7>in
wait_for 20 grep -qs '^ready' load.log
address=127.0.0.1:$(free_port)
"$PROBES" export "$pid" --prometheus "$address" 2>export.log &
exporter=$!
STARTED+=("$exporter")
wait_for 30 grep -qs "^probes: metrics at http://$address/metrics$" export.log ||
	die "no endpoint: $(cat export.log)"

# What answers now has no capability left: its threads were started after they were dropped.
for task in "/proc/$exporter"/task/*/status; do
	grep -q '^CapEff:	0000000000000000$' "$task" || die "a thread kept capabilities: $task"
done
ok 'no thread has a capability'

cat >prometheus.yml <<END
global: {scrape_interval: 500ms}
scrape_configs: [{job_name: goprobes, static_configs: [{targets: ["$address"]}]}]
END
"$PROMTOOL" check config prometheus.yml >/dev/null || die 'prometheus.yml'
port=$(free_port)
"$PROMETHEUS" --config.file=prometheus.yml --storage.tsdb.path=data \
	--web.listen-address="127.0.0.1:$port" >prometheus.log 2>&1 &
STARTED+=($!)

echo >&7 # the work
wait_for 60 grep -qs '^done' load.log
python3 "$ROOT/tests/trace/export_scraped.py" truth.json "http://127.0.0.1:$port" ||
	die "$(tail -3 prometheus.log export.log)"

curl -fsS "http://$address/metrics" >text
"$PROMTOOL" check metrics <text >promtool.log 2>&1 || die "promtool: $(cat promtool.log)"
[ ! -s promtool.log ] || die "promtool: $(cat promtool.log)"
code() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }
[ "$(code "http://$address/") $(code -X POST "http://$address/metrics")" = '404 405' ] ||
	die 'something else than GET /metrics is answered'
expect_match text '^# TYPE http_server_request_duration_seconds histogram$' \
	'^goprobes_events_lost_total 0$' '^goprobes_go_goroutines_created_total [1-9][0-9]*$'
! grep -q 'goods/[0-9]' text || die 'a path that is no route became a label'
ok 'the text is what promtool wants'

expect_exit 2 "$PROBES" export load --prometheus 127.0.0.1
expect_match err "^probes: --prometheus 127.0.0.1: want ADDRESS:PORT"
expect_exit 1 "$PROBES" export load --prometheus "$address"
expect_match err "^probes: --prometheus $address: cannot listen there: Address already in use$"
expect_exit 2 "$PROBES" export load
expect_match err 'say where to: --otlp URL'
echo >&7
wait "$pid"
ok 'an address that is wrong or taken is named'
