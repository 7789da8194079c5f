#!/bin/bash
# SPDX-License-Identifier: MIT
# A function table that contradicts itself is refused with one line, whichever word of it lies.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/good"

corrupt() { # corrupt NAME OFFSET WIDTH VALUE: a copy, changed in its pclntab header, is refused
	cp "$TEST_TMP/good" "$d/$1"
	mutate pclntab "$d/$1" "$2" "$3" "$4"
	refused "$d" "$1" 'pclntab|function'
	rm "$d/$1"
}
corrupt magic-gone 0 4 0x12345678
corrupt pointer-size-4 7 1 4
corrupt functions-too-many 8 8 0x7fffffffffffffff
corrupt functions-beyond-end 8 8 +0x100000
corrupt names-beyond-end 32 8 0x7fffffffffff
corrupt functions-table-beyond-end 64 8 0x7fffffffffff

for offset in 0 8 16 24 32 40 48 56 64; do
	for value in 0 1 +1 -1 +0x1000 0x7fffffffffffffff 0xffffffffffffffff; do
		cp "$TEST_TMP/good" "$d/word"
		mutate pclntab "$d/word" $offset 8 $value
		before=$(sha256sum "$d/word")
		sound "$d/word"
		[ "$(sha256sum "$d/word")" = "$before" ] || die "word $offset = $value: file changed"
	done
done
ok "63 lies in the header's words"
