#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# An OpenTelemetry Collector gets every span once, with the attributes, trace ids and parents
# that the program knows of, over HTTP/1 and HTTP/2, and histograms that count the same.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/trace/export.bash"
need_bpf
need curl python3
trap stop_all EXIT
collector_start

build_go traced "$ROOT/tests/fixtures/traced"
"$PROBES" inject -p 'net_http:*' -p 'database_sql:*' -p 'net_rpc:*' -p 'os:read_file_*' \
	-p 'runtime:goroutine_create' traced 2>/dev/null
OTEL_EXPORTER_OTLP_ENDPOINT=$COLLECTOR_URL/ OTEL_SERVICE_NAME=shop \
	OTEL_RESOURCE_ATTRIBUTES='host.name=node7,deployment.environment.name=a%2Cb' \
	expect_exit 0 "$PROBES" export traced 'net_http:server_request' 'net_http:client_request' \
	'database_sql:exec' 'net_rpc:*_call' 'os:read_file' -- ./traced -n 120 -truth truth.json
expect_match err '^probes: [0-9]+ events, 0 lost$' \
	"^probes: [1-9][0-9]* spans delivered to $COLLECTOR_URL, 0 dropped$"
python3 "$ROOT/tests/trace/export_spans.py" truth.json got err
