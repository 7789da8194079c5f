#!/bin/bash
# SPDX-License-Identifier: MIT
# catalog: a row for each function of a probe, patterns, --json and --markdown alike.
. "$ROOT/tests/lib.sh"
need python3
tab=$(printf '\t')

"$PROBES" catalog >"$TEST_TMP/rows"
expect_match "$TEST_TMP/rows" "^net_http:server_request_start${tab}1\.18\+${tab}entry${tab}\
net/http.serverHandler.ServeHTTP${tab}goid uint64, method string, uri string"
count=$(cut -f1 "$TEST_TMP/rows" | sort -u | wc -l)
[ "$count" -ge 40 ] || die "only $count probes"
"$PROBES" catalog --json >"$TEST_TMP/json"
python3 - "$TEST_TMP/json" >"$TEST_TMP/names" <<'EOP'
import json
import sys

for probe in json.load(open(sys.argv[1]))["probes"]:
    assert probe["doc"] and probe["variants"] and probe["at"] in ("entry", "return"), probe
    print(probe["provider"] + ":" + probe["name"])
EOP
cut -f1 "$TEST_TMP/rows" | uniq | diff - "$TEST_TMP/names" || die '--json has other probes'
"$PROBES" catalog --markdown >"$TEST_TMP/markdown"
while read -r name; do
	grep -qF "${name#*:}" "$TEST_TMP/markdown" || die "--markdown lacks $name"
done <"$TEST_TMP/names"
expect_line "$TEST_TMP/markdown" '- absent: Go 1.18 to 1.20' \
	'| arg1, arg2 | `method` | `string` | request method as sent |'
expect_match "$TEST_TMP/markdown" "^\| all \| \| $count \| [0-9]+ \|\$"
ok "$count probes in text, --json and --markdown"

"$PROBES" catalog 'runtime:*' | cut -f1 | cut -d: -f1 | sort -u >"$TEST_TMP/providers"
[ "$(cat "$TEST_TMP/providers")" = runtime ] || die 'the pattern selects others too'
expect_exit 3 "$PROBES" catalog 'no_such:*'
expect_exit 2 "$PROBES" catalog --markdown --json
expect_exit 1 "$PROBES" catalog -d "$TEST_TMP/absent.yaml"
ok 'patterns and wrong usage'
