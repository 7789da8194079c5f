#!/bin/bash
# SPDX-License-Identifier: MIT
# Headers that contradict the file or each other are refused with one line that names them.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/good"

lie() { # lie NAME REGEX MUTATION...: a copy called NAME, changed, is refused so
	local name=$1 regex=$2
	shift 2
	cp "$TEST_TMP/good" "$d/$name"
	mutate "$1" "$d/$name" "${@:2}"
	refused "$d" "$name" "$regex"
	rm "$d/$name"
}

# The second LOAD of a Go program (index 3: PHDR, NOTE, LOAD, LOAD, LOAD) meets the first.
lie segments-overlap 'overlap' phdr 3 vaddr -0x1000
lie segment-beyond-end 'segment|program header' phdr 3 filesz +0x10000000
lie segment-offset-beyond-end 'segment|program header' phdr 2 offset 0x7fffffffffffffff
lie segment-file-above-memory 'segment|program header' phdr 2 memsz 1
lie segment-wraps 'segment|program header' phdr 4 memsz -0x100000000
lie section-offset-beyond-end 'section' shdr .text offset 0x7fffffff
lie section-size-beyond-end 'section' shdr .gopclntab size +0x10000000
lie section-size-wraps 'section' shdr .rodata size 0xffffffffffffffff
lie section-names-beyond-end 'section|string' shdr .shstrtab offset 0x7ffffffffffff000

for field in offset size addr; do # what lies but may be harmless is handled soundly
	for section in .text .rodata .gopclntab .go.buildinfo .symtab .strtab .data .bss; do
		for value in 0 1 +8 -8 +0x1000; do
			cp "$TEST_TMP/good" "$d/lying"
			mutate shdr "$d/lying" $section $field $value 2>/dev/null || continue
			sound "$d/lying"
		done
	done
done
ok "120 lying section addresses, offsets and sizes"
