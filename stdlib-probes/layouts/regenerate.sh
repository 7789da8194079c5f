#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the struct offsets that the definitions use with real Go toolchains and rewrites
# amd64.txt: stdlib-probes/layouts/regenerate.sh [GO...], GO being a release ("1.24.12", taken
# through GOTOOLCHAIN) or the path of a go command. What moved goes to stderr.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$here/amd64.txt
[ $# -gt 0 ] || set -- 1.18.10 1.19.13 1.20.14 1.21.13 1.22.12 1.23.12 1.24.12 1.25.12 \
	1.26.10 1.27.3

dump=$root/build/tests/dump_layout
make -s -C "$root" build/tests/dump_layout >&2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for go; do
	case $go in
	*/*) set -- "$go"; chain=local ;;
	*) set -- go; chain=go$go ;;
	esac
	(cd "$here/program" && GOTOOLCHAIN=$chain CGO_ENABLED=0 GOFLAGS= GOARCH=amd64 GOWORK=off \
		nice "$1" build -buildvcs=false -o "$tmp/prog" .)
	version=$("$1" version "$tmp/prog" | sed 's/.*: go//')
	minor=$(echo "$version" | sed 's/^1\.\([0-9]*\).*/\1/')
	"$dump" "$tmp/prog" >"$tmp/fields"
	sort -u "$tmp/fields" | sed "s/^/$minor $version /" >>"$tmp/all"
done

{
	echo '# Made by stdlib-probes/layouts/regenerate.sh; see linker-pass/probe/layout.h.'
	echo "go $(awk '{ print $2 }' "$tmp/all" | sort -uV | tr '\n' ' ' | sed 's/ $//')"
	sort -k3,3 -k1,1n -k2,2V "$tmp/all" | awk '
	{ minors[$1] = 1; place[$3, $1] = $4 ":" $5 }
	!($3 in seen) { seen[$3] = 1; names[++n] = $3 }
	($3, $1) in first && first[$3, $1] != place[$3, $1] {
		print "Go 1." $1 ": " $3 " differs between patch releases" >"/dev/stderr"
		bad = 1
	}
	{ first[$3, $1] = place[$3, $1] }
	END {
		for (i = 1; i <= n; i++) {
			line = names[i]
			last = "-"
			for (m = 18; m < 1000; m++) {
				if (!(m in minors))
					continue
				now = (names[i], m) in place ? place[names[i], m] : "-"
				if (now != last)
					line = line " 1." m ":" now
				last = now
			}
			print line
		}
		exit bad
	}'
} >"$tmp/new"
diff -U0 "$out" "$tmp/new" >&2 || true
cp "$tmp/new" "$out"
