#!/bin/bash
# SPDX-License-Identifier: MIT
# slow: builds a compiler
# The patched compiler leaves the nops where they should be, in functions of all kinds, and the
# program prints what it did. GO=/path/to/go takes another toolchain than the default one.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/toolchain/compilers.bash"
need go objdump python3
go=${GO:-go}
patched_compiler "$go"

cat >list <<'END'
# all kinds
er main.plain
r main.branches
er main.leaf
e main.nosplit
r main.nosplit
er main.large
er main.huge
er main.deferred
er main.(*pair[...]).set
e main.generic[...]
er main.generic[...].func1
ern main.small
er main.(*outer).get
er main.outer.get
er main.closure.func1
ern example.com/fixture/lib.Tiny
ern example.com/fixture/lib.Generic[...]
END

# build OUT LIST: the fixture alone is compiled anew, since the list is in no cache key
build() {
	rm -rf fixture && cp -r "$ROOT/tests/fixtures/inplace" fixture
	echo "// $(md5sum <"$2") $COMPILE" | tee -a fixture/lib/lib.go >>fixture/main.go
	cat >"$SWAP" <<'END'
#!/bin/sh
case "$*" in */compile\ *" -p main "* | */compile\ *" -p example.com/fixture/"*)
	shift && exec "$COMPILE" "$@" ;;
esac
exec "$@"
END
	GOPROBES_SITES=$TEST_TMP/$2 build_go "$1" "$TEST_TMP/fixture" "$go" -toolexec "$SWAP"
}

: >none
build plain none
build sited list
./plain >plain.out
./sited >sited.out
cmp plain.out sited.out || die 'the program prints something else'
python3 "$ROOT/tests/toolchain/check_sites.py" sited list | sort -u >seen
expect_line seen 'main.plain long 1 2' 'into main.branches' \
	'main.leaf short 1 1' 'main.nosplit short 1 1' 'main.large long 1 1' \
	'main.huge long 1 1' 'main.(*pair[...]).set long 1 1' 'main.generic[...] long 1 0' \
	'main.generic[...].func1 long 1 1' 'main.small short 1 1' \
	'main.outer.get long 1 1' 'main.closure.func1 long 1 1' \
	'example.com/fixture/lib.Tiny short 1 1' 'example.com/fixture/lib.Generic[...] short 1 1'
# A wrapper that ends in a tail call, from Go 1.24 on.
expect_match seen '^main\.\(\*outer\)\.get (short 1 0|long 1 1)$' \
	'^main.deferred long 1 [12]$' '^main.branches long 0 [12]$'
[ "$(grep -c '^main\.(\*pair\[\.\.\.\])\.set ' seen)" = 1 ] # two instances, the same

# Without the flag n these are inlined, as in the other build: nothing of them is left.
kept() { "$go" tool nm "$1" | sed -nE 's/.* T (.*\.(small|Tiny|Generic))(\[.*)?$/\1/p' | sort -u; }
sed 's/^ern/er/' list >fewer
build inlined fewer
kept inlined | diff - <(kept plain)
kept sited | diff - <(printf '%s\n' example.com/fixture/lib.Generic example.com/fixture/lib.Tiny \
	main.small)

# Lines and inlined calls are what they were: the same source lines, without the nops.
lines() { "$go" tool objdump -s '^main\.plain$' "$1" | awk 'NR > 1 && !/NOP/ {print $1}' | uniq; }
diff <(lines plain) <(lines sited)
ok 'sites where they should be, in functions of all kinds'

# The same bytes however the work is divided.
cat >p.go <<'END'
package p

func A(n int) int { if n > 1 { return A(n-1) + B[int](n) }; return B[uint](2) }

//go:noinline
func B[T int | uint](n T) int { return int(n) * 3 }
END
printf 'er *\nn p.B[...]\n' >every
for i in 1 4; do
	GOPROBES_SITES=every "$COMPILE" -p p -c $i -o "p$i.o" p.go
done
cmp p1.o p4.o || die 'two compilations differ'
GOPROBES_SITES=none "$COMPILE" -p p -o p0.o p.go
"$("$go" env GOROOT)/pkg/tool/linux_amd64/compile" -p p -o p.o p.go
cmp p0.o p.o || die 'a compiler without a list differs from the original'
ok 'the same bytes each time, and those of Go without a list'

rejected() { # rejected LIST MESSAGE
	printf '%b' "$1" >wrong
	GOPROBES_SITES=wrong expect_exit 1 "$COMPILE" -p p -o p.o p.go
	expect_line err "$2"
}
rejected 'e p.A\nx p.B\n' "compile: GOPROBES_SITES: wrong: line 2: flag 'x' is none of e, r and n"
rejected 'p.A\n' 'compile: GOPROBES_SITES: wrong: line 1: want FLAGS SYMBOL, not "p.A"'
GOPROBES_SITES=missing expect_exit 1 "$COMPILE" -p p -o p.o p.go
expect_line err 'compile: GOPROBES_SITES: open missing: no such file or directory'
ok 'a list that cannot be read is an error'
