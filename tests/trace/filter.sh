#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# --filter hands out just the events for which the condition holds.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/truth/truth.bash"
. "$ROOT/tests/trace/trace.bash"
need go python3
need_bpf

build_shop "$(command -v go)" static "$TEST_TMP/shop"
inject_shop "$TEST_TMP"
mapfile -t conditions < <(python3 "$ROOT/tests/trace/filter.py" --list)
patterns=('net_http:*' 'database_sql:*' 'crypto_tls:*' 'runtime:stw_*' 'net:*' 'runtime:panic')
tracers=()
shop_start all
for i in "${!conditions[@]}"; do
	tracer_start "$i.log" "$PROBES" trace --spans --json -f "${conditions[i]}" "$SHOP_PID" \
		"${patterns[@]}" >"$i.json"
	tracers+=("$TRACER_PID")
done
tracer_start all.log "$PROBES" trace --spans --json "$SHOP_PID" "${patterns[@]}" >all.json
tracers+=("$TRACER_PID")
echo go >&9
exec 9>&-
wait "${tracers[@]}" "$SHOP_PID"
for i in "${!conditions[@]}"; do
	grep -q ' 0 lost' "$i.log" || die "$(cat "$i.log")"
	if sum=$(python3 "$ROOT/tests/trace/filter.py" all.json "$i.json" "$i"); then
		ok "$sum"
	else
		not_ok "$sum"
	fi
done

refused() { # refused CONDITION MESSAGE
	expect_exit 2 "$PROBES" trace -f "$1" shop net_http:server_request_start
	expect_match err "$2"
}
refused 'statsu == 1' "column 1: no selected probe has an argument statsu"
refused 'method ==' "column 10: expected a value"
refused 'content_length > many' "column 18: expected a number"
refused '(method == GET' "column 15: expected \)"
refused 'method == GET bad' "column 15: expected &&, \|\| or the end"
refused 'net_http:*. == 1' "followed by a dot"
ok "wrong conditions are refused, with the column"
