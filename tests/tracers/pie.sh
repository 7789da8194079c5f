#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# serial
# Every tracer again, on a stripped position-independent build.
. "$ROOT/tests/lib.sh"
export HELLO_FLAGS='-buildmode=pie -ldflags=-s'
failures=0

for name in readelf tplist gdb perf bpftrace libbpf bcc; do
	code=0
	mkdir "$TEST_TMP/$name"
	TEST_TMP=$TEST_TMP/$name "$ROOT/tests/tracers/$name.sh" >"$TEST_TMP/log" 2>&1 || code=$?
	if [ $code = 0 ]; then
		ok "$name"
	elif [ $code = 77 ]; then
		echo "skip - $name: $(sed -n 's/^SKIP: //p' "$TEST_TMP/log")"
	else
		cat "$TEST_TMP/log"
		not_ok "$name"
		failures=1
	fi
done
exit $failures
