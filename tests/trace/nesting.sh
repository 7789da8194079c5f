#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# --spans under nested calls: each end finds its own start, also when a panic skipped other
# ends, and when more are open than are kept.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
need go python3
need_bpf

build_go nested0 "$ROOT/tests/fixtures/nested" go
"$PROBES" inject -p 'encoding_json:*' -o nested nested0

spans() { # spans ARG...: "TYPE MS", or "TYPE -" for an end without its start, a line each
	"$PROBES" trace --json --spans ./nested 'encoding_json:marshal*' -- ./nested "$@" \
		>spans.json 2>spans.err
	python3 -c '
import json
for e in map(json.loads, open("spans.json")):
    v = e["args"].get("v") or {"type": "-"}
    print(v["type"], e.get("duration_ns", -1) // 1000000)' >spans.txt
}

# Level i takes i + 1 ms at least, and not much more than the one in it.
check_depth() { # check_depth KEPT: the lines without a start come last
	python3 -c '
import sys
ms = [int(line.split()[1]) for line in open("spans.txt")]
kept, n = int(sys.argv[1]), len(ms)
lost = n - kept
assert ms.count(-1) == lost, ms
with_start = [(i, m) for i, m in enumerate(ms) if m >= 0]
assert all(m >= i + 1 for i, m in with_start), ms
assert all(m <= n * 5 for i, m in with_start), ms
assert [m for i, m in with_start] == sorted(m for i, m in with_start), ms
assert all(ms[i] == -1 for i in range(lost)), ms' "$1" || die "$(cat spans.txt)"
}

spans deep 20
[ "$(wc -l <spans.txt)" = 20 ] || die "$(cat spans.txt)"
check_depth 20
ok "20 calls in each other"
spans deep 40
[ "$(wc -l <spans.txt)" = 40 ] || die "$(cat spans.txt)"
check_depth 32
grep -q ' 8 ends without their start' spans.err || die "$(cat spans.err)"
ok "of 40 calls in each other the outer 32 are joined, the inner 8 counted"

spans panic
[ "$(grep -c '^\[\]main.survivor' spans.txt)" = 3 ] || die "$(cat spans.txt)"
[ "$(grep -c '^main.level' spans.txt)" = 18 ] || die "$(cat spans.txt)"
[ "$(wc -l <spans.txt)" = 21 ] || die "$(cat spans.txt)"
while read -r type ms; do
	case $type in
	*survivor) [ "$ms" -ge 40 ] || die "$type took $ms ms" ;;
	*) [ "$ms" -ge 1 ] || die "$type took $ms ms" ;;
	esac
done <spans.txt
ok "after a recovered panic the outer end finds the outer start"
