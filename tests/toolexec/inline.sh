#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# --mode inline: sites in place, own functions too; the caches right; detours where there is
# no patched compiler, and a line about it; other systems compiled as ever.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
[ "$(go_minor)" -ge 21 ] || skip "there is no patch for $(go env GOVERSION)"
"$PROBES" toolexec --prepare "$GO" >path 2>log || { cat log >&2; die "--prepare"; }
[ -x "$(cat path)" ] || die "no compiler at $(cat path)"
program app
cd app
echo 'package main; func main() { println("ran") }' >main.go # few packages to compile
cat >own.go <<'E2'
package main

//probes:entry worked n
func work(n int) int { return work2(n) + 1 }

//go:noinline
func work2(n int) int { return n * 2 }

func init() { work(3) }
E2
INLINE="$TOOLEXEC --mode inline"
build() {
	go build -x -o app "$@" . 2>log || { cat log >&2; die "no build: $*"; }
	compiled=$(grep -cE '/compile -o' log || true) linked=$(grep -cE '/link -o' log || true)
}
sites() { "$PROBES" list -l app "$@" | awk -F'\t' '{ print $3 }' | sort | uniq -c; }

build "$TOOLEXEC"
sites 'runtime:*' >list
expect_match list '^ *[0-9]+ detour$'
build "$INLINE"
probed app
[ "$(./app 2>&1)" = ran ] || die "does not run"
grep '^probes:' log >said || true
expect_line said 'probes: example.com/program: without main:worked: function not in this binary '\
'(dead code or inlined): inlined in 1 place; //go:noinline above it keeps it'
[ "$(wc -l <said)" = 1 ] || { cat said >&2; die "says more"; }
sites runtime:gc_start runtime:panic >list
expect_match list '^ *[0-9]+ inline$'
ok "sites in place"
before=$(identity app)
build "$INLINE"
[ "$compiled $linked" = "0 0" ] && [ "$(identity app)" = "$before" ] || die "built again"
build "$TOOLEXEC"
[ "$compiled $linked" = "0 1" ] || die "detours after inline: $compiled compiled"
sites 'runtime:*' >list
expect_match list '^ *[0-9]+ detour$'
build "$INLINE"
[ "$compiled $linked" = "0 1" ] || die "inline after detours: $compiled compiled"
ok "packages of both are kept"

# What the definitions say about a function is the compiler's business.
answer() { "$PROBES" toolexec --mode inline "$(go env GOTOOLDIR)/compile" -V=full; }
expect_exit 3 "$PROBES" list app main:worked
[ "$(answer)" = "$(answer)" ] || die "the compiler does not answer the same"
answer >before
sed -i 's|^//probes:entry|//probes:noinline\n&|' own.go
answer | cmp -s - before && die "the list of functions does not count"
build "$INLINE"
"$PROBES" list -l app main:worked >list
expect_match list $'\tinline\tmain.work\t'
ok "noinline"
GOARCH=arm64 CGO_ENABLED=0 go build -o plain .
GOARCH=arm64 CGO_ENABLED=0 build "$INLINE"
[ "$compiled" = 0 ] || die "packages for arm64 compiled by another compiler"
ok "another machine"

export GOPROBES_CACHE=/proc/none
build "$INLINE"
expect_match log '^probes: example.com/program: --mode inline: .*; built with detours$'
probed app
sites 'runtime:*' >list
expect_match list '^ *[0-9]+ detour$'
build "$TOOLEXEC"
[ "$compiled" = 0 ] || die "the fallback does not use ordinary packages"
ok "no compiler"

unset GOPROBES_CACHE
# The types of an own probe, though the linker's linker is told in a list to leave out DWARF.
if command -v gcc >/dev/null; then
	build "$INLINE" -ldflags="-linkmode=external '-extldflags=-Wl,-s,-z,relro -Wl,-S'"
	"$PROBES" list app main:worked >list
	expect_match list $'^main:worked\t1\t.*n int'
	ok "stripped by the external linker"
fi

# A cache that can only be read serves what is in it; what is not there is said.
folder=$(cat "$TEST_TMP/path")
folder=${folder%/compile/*}
if unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016
	read_only() {
		unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift &&
			exec "$@"' sh "$folder" /usr/local/go/bin/go build "$INLINE" -o app "$@" 2>log
	}
	build "$INLINE"
	sed -i 's/work(3)/work(4)/' own.go
	read_only
	sites main:worked >list
	expect_match list '^ *1 inline$'
	echo "func Main$RANDOM() {}" >>own.go
	printf '//probes:entry fresh%s\nfunc fresh() {}\n' $RANDOM >>own.go
	read_only
	expect_match log '^probes: example.com/program: --mode inline: .*; built with detours$'
	ok "a cache that can only be read"
fi
