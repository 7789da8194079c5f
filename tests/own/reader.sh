#!/bin/bash
# SPDX-License-Identifier: MIT
# Every function of large packages is found under the name that Go's own parser gives it.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
need go
build_go reader "$ROOT/tests/fixtures/reader"
mkdir marked
echo 'module example.com' >marked/go.mod
# Those whose files hold one package each, whatever system they are for.
./reader "$(go env GOROOT)/src" marked net/http go/types encoding/json slices sync/atomic \
	reflect text/template/parse go/scanner strconv runtime iter >want
"$PROBES" catalog -d marked --json '*:p*' >catalog.json
python3 -c 'import json
for probe in json.load(open("catalog.json"))["probes"]:
    if probe["name"][1:].isdigit():
        print(probe["name"] + "\t" + probe["variants"][0]["function"])' | sort >got
sort want | diff - got >difference || die "$(head -5 difference)"
[ "$(wc -l <got)" -gt 5000 ] || die "only $(wc -l <got) functions"
ok "$(wc -l <got) functions, $(grep -c '\[\.\.\.\]' got) of them generic"
