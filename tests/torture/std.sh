#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 2400
# A site at the entry and at every return of every eligible function: the tests of Go's own
# packages give exactly the results of the untouched binaries. PACKAGES="sync os" takes these.
. "$ROOT/tests/lib.sh"
need go python3
PACKAGES=${PACKAGES:-strings encoding/json sync compress/flate text/template context os reflect
database/sql crypto/tls net/http runtime}
export GOFLAGS= GOENV=off GODEBUG= GOTRACEBACK=

# run_tests BINARY DIR OUT [FLAG]...: -test.short in the package's own folder. OUT gets
# "name result" of every test and subtest that ended, and the exit code.
run_tests() {
	local binary=$1 dir=$2 out=$3 code=0
	shift 3
	(cd "$dir" && timeout 900 nice "$binary" -test.short -test.v -test.timeout 800s "$@") \
		>"$out.log" 2>&1 </dev/null || code=$?
	sed -nE 's/.*--- (PASS|FAIL|SKIP): ([^ ]+) \(.*/\2 \1/p' "$out.log" | LC_ALL=C sort -u >"$out"
	echo "exit $code" >>"$out"
}

# differing A B: the top-level tests whose own results differ, or whose subtests fail in one
# only. A subtest that passes is left out: some are named by what they met on the way.
differing() {
	LC_ALL=C comm -3 "$1" "$2" | awk '{sub("^\t", "")} $1 == "exit" {next}
		$1 !~ "/" || $2 == "FAIL" {sub("/.*", "", $1); print $1}' | sort -u
}

# settle NAME: a test that differed is run alone, up to 3 times on both binaries, until both
# give the same result; false when they never do.
settle() {
	local i
	for i in 1 2 3; do
		run_tests "$original" "$dir" "$t/alone-a" -test.run "^$1\$"
		run_tests "$rewritten" "$dir" "$t/alone-b" -test.run "^$1\$"
		[ -z "$(differing "$t/alone-a" "$t/alone-b")" ] || continue
		diff <(tail -n 1 "$t/alone-a") <(tail -n 1 "$t/alone-b") >/dev/null && return
	done
	sed 's/^/  | /' "$t/alone-b.log" | tail -n 30
	return 1
}

# torture GO PACKAGE VERSION [BUILD FLAG]...: one line of results.
torture() {
	local go=$1 package=$2 label="${*:2}" dir t=$TEST_TMP/t original rewritten names alone=0
	shift 3
	dir=$("$go" env GOROOT)/src/$package
	rm -rf "$t" && mkdir -p "$t/a" "$t/b"
	original=$t/a/${package##*/}.test rewritten=$t/b/${package##*/}.test
	(cd "$dir" && nice "$go" test -c "$@" -o "$original" .) >"$t/build" 2>&1 ||
		{ not_ok "$label: does not build: $(tail -n 1 "$t/build")"; return; }
	"$PROBES" inject --every-function -o "$rewritten" "$original" 2>"$t/report" &&
		"$PROBES" verify "$rewritten" >"$t/verify" 2>&1 ||
		{ not_ok "$label: $(head -n 1 "$t/report") $(head -n 1 "$t/verify")"; return; }
	run_tests "$original" "$dir" "$t/before"
	run_tests "$rewritten" "$dir" "$t/after"
	names=$(differing "$t/before" "$t/after")
	if [ "$(wc -w <<<"$names")" -gt 20 ]; then
		not_ok "$label: $(wc -w <<<"$names") tests differ; $(tail -n 1 "$t/after")"
		tail -n 40 "$t/after.log" | sed 's/^/  | /'
		return
	fi
	for name in $names; do
		alone=$((alone + 1))
		settle "$name" || { not_ok "$label: $name differs, alone too"; return; }
	done
	if [ -z "$names" ] && ! diff <(tail -n 1 "$t/before") <(tail -n 1 "$t/after") >/dev/null; then
		not_ok "$label: $(tail -n 1 "$t/before") before, $(tail -n 1 "$t/after") after"
		return
	fi
	"$PROBES" strip "$rewritten" 2>/dev/null && cmp "$original" "$rewritten" ||
		{ not_ok "$label: strip does not give the original back"; return; }
	ok "$label: $(figures "$t/report"), $(grep -c ' PASS$' "$t/before") pass, same \
$(grep -c ' FAIL$' "$t/before" || true) failures\
$([ $alone = 0 ] || echo ", $alone settled by running alone")"
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
