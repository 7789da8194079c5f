#!/bin/bash
# SPDX-License-Identifier: MIT
# Checks the house limits: include direction, lengths, heads of files, forbidden words.
. "$(dirname "$0")/../lib.sh"
cd "$ROOT"
failures=0

fail() {
	echo "not ok - $*"
	failures=1
}

# base <- elf <- go <- probe <- patch <- toolchain: a module includes only from those to its left.
rank() {
	local order=(base elf go probe patch toolchain) i
	for i in "${!order[@]}"; do [ "${order[i]}" != "$1" ] || echo "$i"; done
}
while IFS=: read -r file include; do
	from=$(rank "$(echo "$file" | cut -d/ -f2)") to=$(rank "$(echo "$include" | cut -d/ -f1)")
	[ -n "$from" ] || { fail "$file is in no known module"; continue; }
	[ -z "$to" ] || [ "$to" -le "$from" ] || fail "$file includes $include, to its right"
done < <(grep -HoE '^#include "[^"]+"' linker-pass/*/*.[ch] | sed 's/#include "//; s/"$//')

# linker-pass <- tracer <- tools: neither takes anything from a room to its right.
while read -r line; do fail "the wrong way: $line"; done < <(
	grep -HE '^#include "(tracer|live|tools|cmd|options|table)' linker-pass/*/*.[ch]
	grep -HE '^#include "(live|tools|cmd|options|table|probe/(bind|embed)|patch)' tracer/*.[ch])

sources() { # the tracked files with a given ending that people write by hand
	git ls-files -- "$@" | grep -v '^stdlib-probes/layouts/'
}

while read -r file; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 600 ] || fail "$file has $lines lines; 600 is the limit"
	case $file in *.[ch]) tab=8 ;; *) tab=4 ;; esac
	wide=$(expand -t $tab "$file" | awk 'length > 100 {print NR; exit}')
	[ -z "$wide" ] || fail "$file:$wide is wider than 100 columns"
	head -3 "$file" | grep 'SPDX-License-Identifier: ' >/dev/null || fail "$file names no licence"
done < <(sources '*.c' '*.h' '*.py' '*.sh' '*.go' '*.bt' configure Makefile tests/run)

while read -r file; do # a function starts with { and ends with } in the first column
	long=$(awk '/^\{/ {s = NR} /^\}/ {if (s && NR - s > 61) print s; s = 0}' "$file" | head -1)
	[ -z "$long" ] || fail "$file:$long is a function of more than 60 lines"
	grep -nE '\bexit\(' "$file" | grep -v '_exit\|base/mem.c' >"$TEST_TMP/exits" || true
	case $file in
	linker-pass/base/mem.c | tests/*) ;;
	linker-pass/*) [ ! -s "$TEST_TMP/exits" ] || fail "$file calls exit()" ;;
	esac
done < <(sources '*.c')

words='TO''DO|FIX''ME|XX''X|not imple''mented|for n''ow|place''holder'
git grep -nIwE "$words" -- '*.[ch]' '*.py' '*.sh' '*.go' '*.bt' Makefile configure tests/run \
	>"$TEST_TMP/words" || true
while read -r line; do fail "left undone: $line"; done <"$TEST_TMP/words"

while read -r _ _ _ file; do fail "$file is no text"; done < <(
	git ls-files --eol | grep '^i/-text')

[ $failures = 0 ] && echo 'ok - layers, lengths, licences'
exit $failures
