#!/bin/bash
# SPDX-License-Identifier: MIT
# The function table of a program is what its symbol table says: names, entries and sizes;
# without symbols, and without any section headers, it is the same table.
. "$(dirname "$0")/../lib.sh"
need go objcopy
dump=${UNIT:-$ROOT/build/tests}/dump_gobin
cd "$TEST_TMP"

cat >go.mod <<'END'
module example.com/tiny

go 1.18
END
cat >main.go <<'END'
package main

import "net/http"

func main() { http.ListenAndServe("256.0.0.1:0", nil) }
END

# Functions by address, as "entry name"; the compiler's equality functions have a dot in
# the symbol table where the function table has a middle dot.
table() { "$dump" "$1" | awk '{ print $1, $5 }' | sed 's/·/./g' | sort -u; }
symbols() { # symbols FILE FIRST LAST
	go tool nm "$1" | awk -v first="$2" -v last="$3" '
		$2 !~ /^[Tt]$/ || $1 "" < first || $1 "" > last { next }
		{ sub(/\.abi0$/, "", $3); print $1, $3 }
	' | grep -v ' runtime\.e\?text$' | sort -u
}

last_segment() { # last_segment FILE: the file offset at which its last segment ends
	local end=0 type off filesz
	while read -r type off _ _ filesz _; do
		[ "$type" != LOAD ] || ((off + filesz <= end)) || end=$((off + filesz))
	done < <(readelf -lW "$1" 2>/dev/null)
	echo "$end"
}

for mode in exe pie; do
	CGO_ENABLED=0 go build -buildmode=$mode -o $mode .
	table $mode | sed 's/\.abi0$//' >$mode.table
	symbols $mode "$(head -1 $mode.table | cut -d' ' -f1)" \
		"$(tail -1 $mode.table | cut -d' ' -f1)" >$mode.symbols
	[ "$(wc -l <$mode.table)" -gt 1000 ] || die "only $(wc -l <$mode.table) functions in $mode"
	diff $mode.symbols $mode.table >diff.out || die "$mode: $(head -3 diff.out)"
	ok "$mode: $(wc -l <$mode.table) functions as in the symbol table"

	"$dump" $mode >whole
	objcopy --strip-all $mode stripped
	"$dump" stripped | cmp - whole || die "$mode: differs after strip"
	cp stripped bare
	for off in 40 60 62; do # e_shoff, e_shnum, e_shstrndx
		head -c $((off == 40 ? 8 : 2)) /dev/zero |
			dd of=bare bs=1 seek=$off conv=notrunc status=none
	done
	truncate -s "$(last_segment bare)" bare
	"$dump" bare | cmp - whole || die "$mode: differs without section headers"
	ok "$mode: the same table without symbols and without section headers"
done
