#!/bin/sh
# SPDX-License-Identifier: MIT
# Patches a copy or checkout of a Go source tree so that its compiler makes in-place probe sites.
set -eu
export LC_ALL=C

usage() {
	cat <<'END'
usage: apply.sh [--sites FILE] [--suffix WORD] GOROOT
       apply.sh --test GOROOT

Applies linker-pass/toolchain/go1.N.patch to the Go sources in GOROOT, fills in the list of
functions that get sites in every build, and appends a suffix to the version. Then build that
Go with its own src/make.bash.

  --sites FILE   the list; by default that of the standard library's probes, as
                 `probes catalog --sites --go 1.N` prints it ($PROBES, or probes in PATH)
  --suffix WORD  the version becomes go1.N.P-WORD, so that Go's build cache tells the
                 toolchains apart; "goprobes" by default
  --test         builds the compiler of a patched GOROOT (with its bin/go) in a temporary
                 folder, and checks which bytes it leaves in functions
END
}

die() {
	echo "apply.sh: $*" >&2
	exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
sites='' suffix=goprobes testing=
while [ $# -gt 0 ]; do
	case $1 in
	--sites) sites=${2:?--sites wants a file} && shift ;;
	--suffix) suffix=${2:?--suffix wants a word} && shift ;;
	--test) testing=1 ;;
	--help | -h) usage && exit 0 ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
	shift
done
[ $# = 1 ] || { usage >&2; exit 2; }
[ -d "$1/src/cmd/compile" ] || die "$1: has no src/cmd/compile, so it is no Go source tree"
goroot=$(cd "$1" && pwd)
x86=$goroot/src/cmd/internal/obj/x86
list=$x86/probesites_list.go
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

minor=$(sed -n 's/^const Version = \([0-9]*\)$/\1/p' "$goroot/src/internal/goversion/goversion.go")
[ -n "$minor" ] || die "$goroot: src/internal/goversion/goversion.go names no version"

# The patch with the greatest minor that is not above this one.
patch=
for candidate in $(cd "$here" && ls go1.*.patch | sort -t. -k2n); do
	since=${candidate#go1.}
	[ "${since%.patch}" -gt "$minor" ] || patch=$here/$candidate
done

# Takes all hunks or none.
apply_patch() {
	[ -n "$patch" ] || die "$goroot: Go 1.$minor is older than all patches"
	[ ! -e "$x86/probesites.go" ] || die "$goroot: is patched already"
	command -v patch >/dev/null || die 'the program "patch" is not installed'
	patch -p1 --fuzz=0 --dry-run -d "$goroot" <"$patch" >"$work/out" 2>&1 || {
		cat "$work/out" >&2
		die "$goroot: ${patch##*/} does not fit; nothing was changed"
	}
	patch -p1 --fuzz=0 --no-backup-if-mismatch -s -d "$goroot" <"$patch"
}

# A Go raw string cannot hold a back-quote, and no symbol has one.
fill_list() {
	! grep -q '`' "$1" || die "$1: a back-quote is in no symbol"
	sed '/^const sitesList = /,$d' "$list" >"$work/list"
	{
		printf 'const sitesList = `\n'
		cat "$1"
		printf '`\n'
	} >>"$work/list"
	cat "$work/list" >"$list"
}

set_version() {
	[ -f "$goroot/VERSION" ] || {
		echo "apply.sh: $goroot has no VERSION: Go takes its name from git, and its cache" \
			"tells such toolchains apart by their contents"
		return
	}
	case $(head -1 "$goroot/VERSION") in *-"$suffix") return ;; esac
	sed -i "1s/\$/-$suffix/" "$goroot/VERSION"
}

default_list() {
	probes=${PROBES:-$(command -v probes || echo "$here/../../build/probes")}
	[ -x "$probes" ] || die 'wants `probes` in PATH, or PROBES=/path/to/probes, or --sites'
	"$probes" catalog --sites --go "1.$minor" >"$work/sites"
	sites=$work/sites
}

# The compiler of the patched tree, with nothing of the caller's settings.
build_compiler() {
	[ -e "$x86/probesites.go" ] || die "$goroot: is not patched"
	[ -x "$goroot/bin/go" ] || die "$goroot: has no bin/go yet: run src/make.bash first"
	(cd "$work" && env GOROOT="$goroot" GOENV=off GOFLAGS= GOWORK=off GOTOOLCHAIN=local \
		GOEXPERIMENT= CGO_ENABLED=0 GOOS= GOARCH= \
		"$goroot/bin/go" build -trimpath -o "$work/compile" cmd/compile)
}

compiles() { # compiles LIST FILE PACKAGE
	GOOS=linux GOARCH=amd64 GOPROBES_SITES=$1 "$work/compile" -p "$3" -o "$work/object" "$2"
}

expect() { # expect WHAT COUNT BYTES LIST FILE PACKAGE
	compiles "$4" "$5" "$6" || die "FAIL: $1: the patched compiler does not compile"
	found=$(od -An -v -tx1 "$work/object" | tr -d ' \n' | grep -o "$3" | wc -l)
	[ "$found" = "$2" ] || die "FAIL: $1: $found times $3, not $2 times"
	echo "ok: $1"
}

LONG=90662e0f1f840000000000 SHORT=900f1f00

run_tests() {
	cat >"$work/p.go" <<'END'
package p

var x int

//go:noinline
func Checked(n int) int { // stack check, two returns
	if n > 1 {
		return Checked(n-1) + 1
	}
	return Checked(n-2) * 3
}

//go:noinline
func Leaf(a, b int) int { return a*b + x }
END
	: >"$work/none"
	echo 'er p.Checked' >"$work/checked"
	echo 'e p.Checked' >"$work/entry"
	echo 'er p.Leaf' >"$work/leaf"
	expect 'no sites without a list' 0 "$LONG\\|$SHORT" "$work/none" "$work/p.go" p
	expect 'entry and returns behind a stack check' 3 "$LONG" "$work/checked" "$work/p.go" p
	expect 'the entry only' 1 "$LONG" "$work/entry" "$work/p.go" p
	expect 'entry and return of a leaf' 2 "$SHORT" "$work/leaf" "$work/p.go" p
	! compiles "$work/missing" "$work/p.go" p >/dev/null 2>&1 ||
		die 'FAIL: a list that is not there is passed over'
	echo 'ok: a list that is not there is an error'
	test_built_in
}

# The first plain function of the built-in list that has both kinds of sites.
test_built_in() {
	symbol=$(sed -nE 's/^ern? ([a-z/]+\.[A-Z][A-Za-z]*)$/\1/p' "$list" | head -1)
	[ -n "$symbol" ] || { echo 'skip: the built-in list is empty'; return; }
	printf 'package q\n\n//go:noinline\nfunc %s() {}\n' "${symbol##*.}" >"$work/q.go"
	expect "built in: $symbol" 2 "$SHORT" '' "$work/q.go" "${symbol%.*}"
}

if [ -n "$testing" ]; then
	build_compiler
	run_tests
	exit 0
fi
[ -n "$sites" ] || default_list
apply_patch
fill_list "$sites"
set_version
echo "$goroot: patched, $(grep -c '^[ern]* ' "$sites") functions have sites;" \
	"now build it: cd $goroot/src && ./make.bash"
