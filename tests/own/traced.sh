#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow: builds with three toolchains
# Functions of a module have the probes that its directives and definition files say, each with
# the values that the program says it had. `traced.sh VERSION` tries that toolchain.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/own/own.bash"
need go python3
need_bpf

try() { # try NAME GO
	local absent=() minor
	own_build "app-$1" "$2"
	minor=$("$2" version "app-$1" | sed 's/.*go1\.\([0-9]*\).*/\1/')
	# Its DWARF says nothing of the parameter without a name.
	[ "$minor" -ge 22 ] || absent=(shop:checkout_start shop:checkout_end)
	"$PROBES" inject -d own "app-$1" 2>report
	expect_match report 'refused shop:convert: its arguments are not those .* v is string, in '
	[ "$minor" -ge 22 ] || expect_match report \
		'refused shop:checkout_start: .* Go before 1\.22 tells nothing .* name them'
	"$PROBES" inject --json -d own -o again "app-$1" >again.json
	python3 -c 'import json
refused = json.load(open("again.json"))[0]["refused"]
print([(r["name"], r["reason"]) for r in refused if r["provider"] == "shop"])' >json
	expect_match json "'lost_elsewhere', 'not-in-binary'"
	grep -E 'refused (shop|main|example_com)' report >refused || true
	[ "$(wc -l <refused)" = $((1 + ${#absent[@]})) ] || die "$(cat refused)"
	own_trace "./app-$1" "${absent[@]}"
	ok "Go 1.$minor: $(cat compared)"
}

toolchains=$("$ROOT/tests/toolchains.sh")
if [ $# -gt 0 ]; then
	try "$1" "$(awk -v v="$1" '$1 ~ v {print $2}' <<<"$toolchains" | head -1)"
	exit
fi
try local "$(command -v go)"
try oldest "$(awk 'NR == 1 {print $2}' <<<"$toolchains")"
try newest "$(awk 'END {print $2}' <<<"$toolchains")"
