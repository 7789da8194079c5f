#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 2400
# A site at the entry and at every return of every eligible function: the tests of Go's own
# packages give exactly the results of the untouched binaries. PACKAGES="sync os" takes these.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/torture/std.bash"
need go python3
PACKAGES=${PACKAGES:-strings encoding/json sync compress/flate text/template context os reflect
database/sql crypto/tls net/http runtime}

# torture GO PACKAGE VERSION [BUILD FLAG]...: one line of results.
torture() {
	local go=$1 package=$2 label="${*:2}" dir t=$TEST_TMP/t original rewritten RESULTS
	shift 3
	dir=$("$go" env GOROOT)/src/$package
	rm -rf "$t" && mkdir -p "$t/a" "$t/b"
	original=$t/a/${package##*/}.test rewritten=$t/b/${package##*/}.test
	(cd "$dir" && nice "$go" test -c "$@" -o "$original" .) >"$t/build" 2>&1 ||
		{ not_ok "$label: does not build: $(tail -n 1 "$t/build")"; return; }
	"$PROBES" inject --every-function -o "$rewritten" "$original" 2>"$t/report" &&
		"$PROBES" verify "$rewritten" >"$t/verify" 2>&1 ||
		{ not_ok "$label: $(head -n 1 "$t/report") $(head -n 1 "$t/verify")"; return; }
	! grep 'in place' "$t/report" ||
		{ not_ok "$label: code of an unpatched compiler is taken for sites"; return; }
	same_results "$label" "$original" "$rewritten" "$dir" || return 0
	"$PROBES" strip "$rewritten" 2>/dev/null && cmp "$original" "$rewritten" ||
		{ not_ok "$label: strip does not give the original back"; return; }
	ok "$label: $(figures "$t/report"), $RESULTS"
}

figures() { # figures REPORT: "9383 functions 26619 sites +857 kB"
	local counts='.* ([0-9]+) sites, ([0-9]+) bytes added, ([0-9]+) functions.*'
	sed -nE "1s/$counts/\\3 functions \\1 sites \\2/p" "$1" |
		awk '{printf "%s %s %s %s +%d kB", $1, $2, $3, $4, $5 / 1000}'
}

main() { # a function, so that bash has read all of this file before the work begins
	local default version package go
	default=$(cd / && go env GOROOT)/bin/go
	version=$("$default" env GOVERSION)
	for package in $PACKAGES; do
		torture "$default" "$package" "$version"
	done
	[ -z "${ONLY_DEFAULT:-}" ] || return 0
	torture "$default" encoding/json "$version" -buildmode=pie
	torture "$default" net/http "$version" -buildmode=pie
	torture "$default" os "$version" -ldflags=-linkmode=external
	torture "$default" crypto/tls "$version" -buildmode=pie -ldflags=-linkmode=external
	torture "$default" database/sql "$version" -race
	"$ROOT/tests/toolchains.sh" | sort -V | sed -n '1p;$p' | uniq | while read -r version go; do
		for package in strings encoding/json sync; do
			torture "$go" "$package" "$version"
		done
	done
}
main
exit
