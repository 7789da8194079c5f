#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow: many runs of one program
# probes trace prints every event with its values: each mode of the fixture against its truth.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/trace/trace.bash"

shop_build
python3 "$TRUTH/plan.py" capture "$TEST_TMP" shop "$MODES"
failed=0 files=()
for mode in ${1:-$MODES}; do
	trace_mode "$mode" "$mode.json" --strings 256 --ring 256 || { failed=1; continue; }
	python3 "$ROOT/tests/trace/words.py" "$mode.list" <"$mode.json" >"$mode.events"
	files+=("$mode.list" "$mode.truth" "$mode.events")
done
python3 "$TRUTH/compare.py" -q --partial "$TRUTH/expect.json" list.json "${files[@]}" >sum ||
	{ cat sum; failed=1; }
[ $failed = 0 ] || die "$(tail -n 1 sum)"
ok "all modes: $(tail -n 1 sum)"
