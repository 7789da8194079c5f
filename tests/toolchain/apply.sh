#!/bin/bash
# SPDX-License-Identifier: MIT
# slow: needs all toolchains
# apply.sh patches a Go source tree of each minor, with the list of its probes and a version of
# its own, or leaves it alone. FULL=1 builds the compiler of the last one and checks its bytes.
. "$(dirname "$0")/../lib.sh"
need go patch
APPLY=$ROOT/linker-pass/toolchain/apply.sh
export PROBES
files=(src/cmd/internal/obj/x86/obj6.go src/cmd/compile/internal/inline/inl.go
	src/internal/goversion/goversion.go VERSION)

tree() { # tree GOROOT: a small copy in the folder tree
	rm -rf tree && mkdir -p tree/src/cmd/compile
	(cd "$1" && cp --parents "${files[@]}" "$TEST_TMP/tree")
	chmod -R u+w tree
}

sums() { (cd tree && find . -type f -exec md5sum {} + | sort); }

applied() { # applied VERSION GOROOT
	local version=$1 minor
	minor=$(cut -d. -f2 <<<"$version")
	tree "$2"
	"$APPLY" tree >out 2>err || { not_ok "$version: $(tail -n 1 err)"; return; }
	[ "$(head -n 1 tree/VERSION)" = "$version-goprobes" ] || { not_ok "$version: VERSION"; return; }
	sed -n '/^const sitesList/,/^`$/p' tree/src/cmd/internal/obj/x86/probesites_list.go |
		sed '1d;$d' | diff - <("$PROBES" catalog --sites --go "1.$minor") ||
		{ not_ok "$version: another list"; return; }
	[ -z "$(gofmt -l tree)" ] || { not_ok "$version: no Go"; return; }
	[ -z "$(find tree -name '*.orig')" ] || { not_ok "$version: litter"; return; }
	ok "$version"
}

"$ROOT/tests/toolchains.sh" >toolchains 2>/dev/null || true
while read -r version go; do
	case $version in go1.18.* | go1.19.* | go1.20.*) continue ;; esac
	goroot=$(cd / && GOTOOLCHAIN=local "$go" env GOROOT)
	applied "$version" "$goroot"
done <toolchains

sums >before
expect_exit 1 "$APPLY" tree
expect_line err "apply.sh: $TEST_TMP/tree: is patched already"
sums | diff before -
tree "$goroot"
sed -i 's/bpsize > 0/0 < bpsize/' "$TEST_TMP/tree/${files[0]}"
sums >before
expect_exit 1 "$APPLY" tree
expect_line err "apply.sh: $TEST_TMP/tree: go1.21.patch does not fit; nothing was changed"
sums | diff before -
expect_exit 1 "$APPLY" "$TEST_TMP"
expect_line err "apply.sh: $TEST_TMP: has no src/cmd/compile, so it is no Go source tree"
expect_exit 2 "$APPLY"
tree "$goroot"
echo 'er main.mine' >mine
"$APPLY" --sites mine --suffix corp tree >out
expect_line out "$TEST_TMP/tree: patched, 1 functions have sites; now build it:\
 cd $TEST_TMP/tree/src && ./make.bash"
expect_line tree/src/cmd/internal/obj/x86/probesites_list.go 'er main.mine'
expect_match tree/VERSION '^go1\.[0-9.]+-corp$'
expect_exit 1 "$APPLY" --test tree
expect_line err "apply.sh: $TEST_TMP/tree: has no bin/go yet: run src/make.bash first"
ok 'a tree that cannot be patched stays as it is'

# Programs of such a toolchain are accepted: the version stands in them as VERSION has it.
build_go suffixed "$ROOT/tests/fixtures/hello" go \
	-ldflags="-X runtime.buildVersion=$(go env GOVERSION)-goprobes"
"$PROBES" inject suffixed >out 2>&1 || die "$(cat out)"
expect_match <("$PROBES" verify suffixed 2>&1) 'go1\.[0-9.]+-goprobes'
ok 'a version with a suffix is accepted'
[ -n "${FULL:-}" ] || exit 0

rm -rf tree && mkdir tree
(cd "$goroot" && cp -r bin pkg src lib VERSION "$TEST_TMP/tree")
chmod -R u+w tree
"$APPLY" tree
"$APPLY" --test tree | tee out
[ "$(grep -c '^ok: ' out)" = 6 ]
