#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# A tracer that knows events only gives each request the traceparent it came with, HTTP/1 and
# HTTP/2 alike, with every Go toolchain.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/truth/truth.bash"
truth_tools
failed=0

while read -r version go; do
	dir=$TEST_TMP/$version
	mkdir "$dir"
	build_shop "$go" static "$dir/shop"
	inject_shop "$dir" >"$dir/inject.log" 2>&1
	python3 "$TRUTH/plan.py" capture "$dir" "$dir/shop" trace_context
	run_mode "$dir" trace_context
	if python3 "$TRUTH/correlate.py" "$dir/trace_context.list" "$dir/trace_context.events" \
		>"$dir/out"; then
		ok "$version: $(tail -n 1 "$dir/out")"
	else
		cat "$dir/out"
		not_ok "$version"
		failed=1
	fi
	rm -rf "$dir"
done < <("$ROOT/tests/toolchains.sh")
exit $failed
