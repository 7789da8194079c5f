#!/bin/bash
# SPDX-License-Identifier: MIT
# list of an injected Go program: arguments by Go name and type, rows for pipes and for
# terminals, the hint for a program without probes.
. "$ROOT/tests/lib.sh"
need go python3
app=$TEST_TMP/app
build_go "$app" "$ROOT/tests/fixtures/hello"
tab=$(printf '\t')

expect_exit 3 "$PROBES" list "$app"
expect_line "$TEST_TMP/err" "probes: no probes in $app; run \`probes inject $app\`"
[ ! -s "$TEST_TMP/out" ] || die 'output without probes'
"$PROBES" inject "$app" 2>"$TEST_TMP/inject.err"
ok 'a Go program without probes: exit 3 and what to do'

"$PROBES" list "$app" net_http:server_request_start >"$TEST_TMP/rows"
expect_match "$TEST_TMP/rows" \
	"^net_http:server_request_start${tab}1${tab}goid uint64, method string, uri string(, |\$)"
"$PROBES" list -l "$app" net_http:server_request_start >"$TEST_TMP/rows"
expect_match "$TEST_TMP/rows" "^net_http:server_request_start${tab}0x[0-9a-f]+${tab}detour${tab}\
net/http.serverHandler.ServeHTTP${tab}8@[0-9]+\(%r14\) 8@0\(%rdi\) -8@8\(%rdi\) "
[ "$("$PROBES" list -l "$app" | wc -l)" = \
	"$("$PROBES" list "$app" | awk -F'\t' '{n += $2} END {print n}')" ] || die 'sites differ'
"$PROBES" list "$app" 'net_http:*_start' | cut -f1 | grep -v '^net_http:.*_start$' && die 'pattern'
ok 'names and types, sites, patterns'

# A pseudo-terminal gets the aligned table; its heading has the columns.
python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$PROBES" list "$app" \
	net_http:server_request_start </dev/null | tr -d '\r' >"$TEST_TMP/table"
expect_match "$TEST_TMP/table" '^PROVIDER +NAME +SITES +ARGUMENTS$' \
	'^net_http +server_request_start +1 +goid uint64, method string'
ok 'a table on a terminal'

expect_exit 3 "$PROBES" list "$app" nothing:here
expect_match "$TEST_TMP/err" 'none of its [0-9]+ probes match nothing:here$'
suggests() # PATTERN PROBE
{
	expect_exit 3 "$PROBES" list "$app" "$1"
	expect_match "$TEST_TMP/err" "match ${1//\*/\\*}, did you mean $2\?\$"
}
suggests 'server_requst*' 'net_http:server_request_start'
suggests net/http:server_request net_http:server_request_start
suggests 'net_htp:*' 'net_http:\*'
suggests runtme 'runtime:\*'
ok 'what a mistyped pattern may have been meant to be'
expect_exit 1 "$PROBES" list "$TEST_TMP/absent"
expect_match "$TEST_TMP/err" 'absent: cannot open: No such file'
expect_exit 2 "$PROBES" list
ok 'no match, no file, no operand'
