#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# --filter hands out just the events for which the condition holds.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/trace/trace.bash"

shop_build
mapfile -t conditions < <(python3 "$ROOT/tests/trace/filter.py" --list)
patterns=('net_http:*' 'database_sql:*' 'crypto_tls:*' 'runtime:stw_*' 'net:*' 'runtime:panic'
	'runtime:goroutine_*park')
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
refused 'duration > "a while"' "column 12: expected a number"
refused 'duration ~ 10*' "column 12: expected a comparison with a number"
refused "goid$(printf ' || goid == %d' {1..4000})" "more than 4000 tests"
refused 'duration > 500' "column 12: expected a time with its unit"
refused '(method == GET' "column 15: expected \)"
refused 'method == GET bad' "column 15: expected &&, \|\| or the end"
refused 'net_http:*. == 1' "followed by a dot"
ok "wrong conditions are refused, with the column"

# 12 operands, the tenth 0: counted by the summary, as each of 3 rounds decides the same.
gcc -O1 -o lying "$ROOT/tests/fixtures/sdt/lying.c"
decided() { # decided CONDITION EVENTS
	"$PROBES" trace -f "$1" ./lying 'operands:odd' 'same:*' -- ./lying 3 >out 2>err
	grep -q "^probes: $2 events" err || die "$1: $(cat err) instead of $2"
}
decided 'goid == 0' 6
decided 'arg11 == 18446744073709551615' 3
decided 'arg11 > 18446744073709551614' 3
decided 'arg9 < 18446744073709551615' 3
decided 'arg9 > -1' 3
decided 'arg7 < 18446744073709551615' 3
decided 'arg7 == 18446744073709551615' 0
decided 'arg7 == -1 && arg3 < -4 && arg3 >= -5' 3
decided 'arg0 == 7' 3
decided 'arg0 != 7' 0
decided 'arg4 || !(arg4 == 0)' 6
decided "$(printf '!%.0s' {1..98})(arg0)" 3
decided "arg0 == 7$(printf ' || arg0 == %d' {1..3000})" 3
ok "numbers of any sign and size; what cannot be read holds for nothing"

build_go nested0 "$ROOT/tests/fixtures/nested" go
"$PROBES" inject -p 'encoding_json:*' -o nested nested0
"$PROBES" trace --strings 8 -f 'data == [1,1,1,1]' nested encoding_json:marshal_end -- \
	./nested texts >out 2>err
[ "$(cat out | sed 's/.*data=//')" = '[1,1,1,1] err=nil' ] || die "$(cat out err)"
ok "texts are kept as long as the condition's"
"$PROBES" trace -s -f '!(duration < 1h)' nested encoding_json:marshal -- ./nested deep 40 >out
[ "$(grep -c 'marshal_end' out)" = 8 ] || die "$(cat out)"
"$PROBES" trace -s -f 'v ~ *.survivor' nested encoding_json:marshal -- ./nested panic >out
[ "$(grep -c 'v=\[\]main.survivor' out)" = 3 ] || die "$(cat out)"
ok "spans without their start have no duration; types are compared by name"
