#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs each unit test program (tests/unit/*.c, built by make) as one result; the programs
# named dump_* print for other tests and are left out.
. "$(dirname "$0")/../lib.sh"
failures=0
for source in "$ROOT"/tests/unit/*.c; do
	[ -e "$source" ] || skip 'no unit tests'
	name=$(basename "$source" .c)
	case $name in dump_*) continue ;; esac
	if "${UNIT:-$ROOT/build/tests}/$name" >"$TEST_TMP/out" 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/  | /' "$TEST_TMP/out"
		failures=1
	fi
done
exit $failures
