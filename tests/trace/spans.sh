#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# probes trace --spans joins each end with the start of the same call: compared with what a
# second tracer, without --spans, sees of the same run.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/trace/trace.bash"

shop_build
modes="all web2 text rpc sched"
python3 "$TRUTH/plan.py" capture "$TEST_TMP" shop "$modes"
for mode in $modes; do
	shop_start "$mode"
	# shellcheck disable=SC2046
	set -- $(shop_patterns "$mode")
	tracer_start raw.log "$PROBES" trace --json --ring 64 "$SHOP_PID" "$@" >raw.json
	raw=$TRACER_PID
	tracer_start spans.log "$PROBES" trace --json --spans --ring 64 "$SHOP_PID" "$@" \
		>spans.json
	echo go >&9
	exec 9>&-
	wait "$raw" && wait "$TRACER_PID" || die "$mode: $(tail -n 2 raw.log spans.log)"
	wait "$SHOP_PID" || true
	grep -q ' 0 lost' raw.log && grep -q ' 0 lost' spans.log || die "lost events"
	sum=$(python3 "$ROOT/tests/trace/words.py" --spans raw.json spans.json) || die "$mode: $sum"
	ok "$mode: $sum"
done
