#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# libbpf finds all probes in the notes by itself (static and PIE), and their values are right.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/truth/truth.bash"
need go
truth_tools
ATTACH=--usdt

for kind in static pie; do
	dir=$TEST_TMP/libbpf-$kind
	mkdir -p "$dir"
	build_shop "$(command -v go)" "$kind" "$dir/shop"
	inject_shop "$dir"
	sum=$(run_and_compare "$dir" all --partial) || {
		echo "$sum"
		die "$kind: $(echo "$sum" | tail -n 1)"
	}
	ok "libbpf's own attaching, $kind: $(echo "$sum" | tail -n 1)"
done
