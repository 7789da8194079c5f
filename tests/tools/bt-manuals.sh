#!/bin/bash
# SPDX-License-Identifier: MIT
# Each bpftrace tool's manual names its probes, which exist; README.md and examples/ know it.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
cd "$ROOT/bpf-scripts"
failures=0
"$PROBES" catalog | cut -f1 | sort -u >"$TEST_TMP/catalog"
count=0
for tool in *.bt; do
	name=${tool%.bt} wrong=
	sed -nE 's/^ \* (NEEDS|ANYOF|OPTIONAL): *//p' "$tool" | tr ' ' '\n' | sort -u >"$TEST_TMP/named"
	grep -oE '^usdt:\$1:[a-z0-9_]+:[a-z0-9_]+' "$tool" | sed 's/^usdt:\$1://' |
		sort -u >"$TEST_TMP/used"
	diff "$TEST_TMP/named" "$TEST_TMP/used" || wrong+=' names other probes than it uses;'
	[ -z "$(comm -23 "$TEST_TMP/used" "$TEST_TMP/catalog")" ] || wrong+=' has unknown probes;'
	grep -qE "^ \* $name - .{10,}" "$tool" || wrong+=' has no purpose;'
	for part in "USAGE: $name.bt {FILE | -p PID}" 'OVERHEAD: '; do
		grep -qF " * $part" "$tool" || wrong+=" says no $part;"
	done
	[ -x "$tool" ] || wrong+=' is not executable;'
	grep -qF "| [$name]($tool) |" README.md || wrong+=' is not in README.md;'
	grep -qF "$name" "examples/$name.txt" || wrong+=' has no example;'
	[ -z "$wrong" ] || { not_ok "$tool$wrong"; failures=1; }
	count=$((count + 1))
done
[ "$count" -ge 22 ] || { not_ok "only $count tools"; failures=1; }
[ $failures = 0 ] && ok "$count tools have manuals, examples and a line in README.md"
exit $failures
