#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# bpftrace 0.24 and later, whose notes libbpf reads: listing, one-liners, all arguments.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/tracers/script.bash"
. "$ROOT/tests/tracers/newer.bash"
need_bpf
need go python3
newer_bpftrace
echo "| $("$NEWER" --version)"

build_go load "$ROOT/tests/fixtures/load"
"$PROBES" inject load 2>/dev/null
"$NEWER" -l "usdt:$TEST_TMP/load:*" 2>/dev/null | sed "s|^usdt:$TEST_TMP/load:||" | sort -u >names
"$PROBES" list load | cut -f1 | sort -u | diff names - || die '-l and list differ'
ok "-l: all $(wc -l <names) probes of list"
mkdir page
(cd page && python3 "$ROOT/tests/docs/oneliners.py" "$NEWER" "$TEST_TMP/load") >page/out || {
	grep -v '^ok' page/out
	die 'one-liners of docs/one-liners.md'
}
ok "$(grep -c '^ok' page/out) one-liners of docs/one-liners.md"

build_sample
for mode in files web2; do
	sum=$(script_finds_truth "$NEWER" "$mode" 11 --spans) || die "$sum"
	ok "probes bpftrace --args 11, $mode: $(tail -n 1 <<<"$sum")"
done
