#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# Spans reach an endpoint that fails for a while once each; what an endpoint refuses or does
# not take is counted; a hanging one does not hold up the traced program.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/trace/export.bash"
need_bpf
need openssl python3 unshare
trap stop_all EXIT
build_go load "$ROOT/tests/fixtures/load"
"$PROBES" inject -p 'database_sql:*' load 2>/dev/null

endpoint() { # endpoint MOOD [CERTIFICATE KEY]: sets SERVER_ADDR; log in MOOD.json
	start_server "$1" python3 "$ROOT/tests/trace/export_endpoint.py" "$1" "$TEST_TMP/$1.json" \
		"${@:2}"
}

run() { # run EXIT URL OPTION...: 100 operations, which are 108 spans
	expect_exit "$1" "$PROBES" export load 'database_sql:query' 'database_sql:exec' \
		'database_sql:tx_begin' --otlp "$2" "${@:3}" -- sh -c 'echo | ./load -mode sql -n 100'
	grep -qE '^probes: [0-9]+ events, 0 lost' err || die "$(cat err)"
}

logged() { # logged MOOD EXPRESSION: of the list `log`
	python3 -c '
import json, sys
log = [json.loads(line) for line in open(sys.argv[1] + ".json", encoding="utf-8")]
traces = [entry for entry in log if entry["path"] == "/v1/traces"]
print(eval(f"({sys.argv[2]})"))' "$@"
}

spans=$((100 - 10 + 8)) # all but prepared statements, and the beginnings of transactions
endpoint flaky
OTEL_EXPORTER_OTLP_HEADERS='x-tenant=a%20b, x-other=2' \
	run 0 "http://$SERVER_ADDR" --header 'Authorization=Bearer top=secret' -d 60s
expect_line err "probes: $spans spans delivered to http://$SERVER_ADDR, 0 dropped"
[ "$(logged flaky '[entry["answer"] for entry in log][:5]')" = '[503, 429, 502, 0, 200]' ] ||
	die "answers: $(cat flaky.json)"
[ "$(logged flaky 'len({i for e in traces if e["answer"] == 200 for i in e["spans"]})')" = \
	$spans ] ||
	die "spans: $(cat flaky.json)"
[ "$(logged flaky 'log[1]["at"] - log[0]["at"] >= 1 and
	log[2]["at"] - log[1]["at"] >= .9')" = True ] ||
	die 'Retry-After is not respected'
[ "$(logged flaky '{(e["headers"]["authorization"], e["headers"]["x-tenant"],
	e["headers"]["x-other"], e["headers"]["content-type"]) for e in log}')" = \
	"{('Bearer top=secret', 'a b', '2', 'application/json')}" ] || die "headers: $(cat flaky.json)"
ok 'what fails for a while is sent again, when the endpoint wants it'

endpoint refusing
run 1 "http://$SERVER_ADDR"
expect_line err "probes: export: http://$SERVER_ADDR answers 400: no such tenant" \
	"probes: nothing could be delivered to http://$SERVER_ADDR: $spans spans are dropped"
[ "$(logged refusing 'len(traces)')" = 1 ] || die 'what was refused was sent again'
ok 'what is refused is dropped and counted'

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
	-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
endpoint partial cert.pem key.pem
run 0 "https://$SERVER_ADDR" --ca cert.pem
expect_line err "probes: $((spans - 2)) spans delivered to https://$SERVER_ADDR, 2 dropped"
run 1 "https://$SERVER_ADDR"
expect_match err 'certificate'
ok 'over TLS, with a certificate of its own; rejected spans of a request are counted'

endpoint hanging
begin=$SECONDS
run 1 "http://$SERVER_ADDR"
[ $((SECONDS - begin)) -le 15 ] || die "took $((SECONDS - begin)) seconds"
expect_match err "nothing could be delivered to http://$SERVER_ADDR: $spans spans are dropped"
ok 'an endpoint that hangs holds up nothing'

expect_exit 2 "$PROBES" export load --otlp localhost:4318
expect_match err "not a URL that starts with http:// or https://$"
expect_exit 2 "$PROBES" export load --otlp http://x --header 'a b'
expect_match err "^probes: --header: 'a b' is not NAME=VALUE$"
ok 'what is no URL and no header is named'

# A library is missing where its file is none.
hide() { # hide LIBRARY COMMAND...: with /dev/null in its place
	# shellcheck disable=SC2016
	unshare -m sh -c 'for file in $(ldconfig -p | sed -nE "s#.*($1) .*=> ##p"); do
		mount --bind /dev/null "$file" || exit 9; done; shift; exec "$@"' sh "$@"
}
expect_exit 1 hide 'libcurl(-gnutls)?.so.4' "$PROBES" export load --otlp http://127.0.0.1:1
expect_match err '^probes: --otlp needs libcurl.so.4 \(Debian and Ubuntu: apt-get install libcurl4;'
expect_exit 1 hide libmicrohttpd.so.12 "$PROBES" export load --prometheus 127.0.0.1:0
expect_match err '^probes: --prometheus needs libmicrohttpd.so.12 \(Debian .* libmicrohttpd12;'
expect_exit 0 hide 'libcurl(-gnutls)?.so.4|libmicrohttpd.so.12' "$PROBES" list load
ok 'a library that is not there is missed by the command that needs it only'
