#!/bin/bash
# SPDX-License-Identifier: MIT
# Function, file and line of addresses, inlined calls included, are what Go itself says: the
# runtime of the program, of its own stacks, and go tool addr2line; also in stripped and PIE.
. "$(dirname "$0")/../lib.sh"
need go python3 readelf
unit=${UNIT:-$ROOT/build/tests}
tried=0

same() { # same WHAT SCRIPT ARG...
	local what=$1
	shift
	python3 "$ROOT/tests/go/$1.py" "${@:2}" >said 2>&1 || { cat said >&2; die "$what differs"; }
	ok "$what: $(cat said)"
}

# Where a section stands in the file, as "OFFSET SIZE" in hexadecimal.
section() {
	readelf -SW plain | sed -nE "s/.* $1 +[A-Z]+ +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) .*/\1 \2/p"
}

# -a asks for every function at many places: hostile tables end in numbers, not in a crash.
damaged() { # damaged SEED
	# shellcheck disable=SC2046
	python3 - "$1" $(section .gopclntab) $(section .rodata) <<'END'
import random, sys
seed, start, _, rodata, size = (int(word, 16) for word in sys.argv[1:])
data = bytearray(open("plain", "rb").read())
word = lambda at: start + int.from_bytes(data[start + at:start + at + 8], "little")
random.seed(seed)
# cutab, pctab, and .rodata with the inline trees
for low, high in (word(40), word(48)), (word(56), word(64)), (rodata, rodata + size):
    for _ in range((high - low) // 50):
        data[random.randrange(low, high)] = random.randrange(256)
open("damaged", "wb").write(data)
END
	"$unit/dump_lines" damaged -a >all 2>&1 && grep -qE '^[0-9]{5,} addresses ' all ||
		die "seed $1: $(cat all)"
}

while read -r version go; do
	tried=$((tried + 1))
	build_go plain "$ROOT/tests/fixtures/calls" "$go"
	same "$version" stacks "$unit/dump_lines" ./plain
	same "$version addr2line" addr2line "$unit" ./plain
	CGO_ENABLED=0 build_go pie "$ROOT/tests/fixtures/calls" "$go" -buildmode=pie \
		-ldflags='-s -w'
	same "$version pie, stripped" stacks "$unit/dump_lines" ./pie
	[ "$tried" -gt 2 ] || for seed in 1 2 3 4 5 6; do damaged "$seed"; done
done < <(GO_VERSIONS='go1.18.10 go1.20.14 go1.21.13 go1.27.3' "$ROOT/tests/toolchains.sh")
[ $tried -gt 0 ] || skip 'no Go toolchain'
ok 'damaged tables are read to their end'
