#!/bin/bash
# SPDX-License-Identifier: MIT
# list of notes that <sys/sdt.h> wrote: every field as readelf -n shows it.
. "$ROOT/tests/lib.sh"
need cc readelf python3

compare() { # compare NAME FLAG...: builds the fixture with the flags
	local name=$1
	shift
	cc -O2 "$@" -o "$TEST_TMP/$name" "$ROOT/tests/fixtures/sdt/app.c"
	python3 "$ROOT/tests/list/readelf.py" "$PROBES" "$TEST_TMP/$name" || die "$name differs"
	ok "$name: addresses, semaphores and operands are those of readelf"
}

compare pie -fPIE -pie
compare fixed -fno-pie -no-pie
compare static -static
compare unoptimised -O0
compare library -shared -fPIC
cc -O2 -o "$TEST_TMP/stripped" -s "$ROOT/tests/fixtures/sdt/app.c"
python3 "$ROOT/tests/list/readelf.py" "$PROBES" "$TEST_TMP/stripped" || die "stripped differs"
ok 'stripped'

"$PROBES" list "$TEST_TMP/fixed" >"$TEST_TMP/rows"
expect_match "$TEST_TMP/rows" "^fixture:none$(printf '\t')1$(printf '\t')\$" \
	"^fixture:step$(printf '\t')2$(printf '\t')-?4@.* \(other sites differ: -l\)\$"
[ "$("$PROBES" list "$TEST_TMP/fixed" | wc -l)" = 4 ] || die 'not one row for each probe'
[ "$("$PROBES" list -l "$TEST_TMP/fixed" 'fixture:step' | wc -l)" = 2 ] || die 'not 2 sites'
[ "$("$PROBES" list "$TEST_TMP/fixed" 'st*' none | cut -f1 | tr '\n' ' ')" = \
	'fixture:none fixture:start fixture:step ' ] || die 'patterns'
ok 'one row a probe, one a site with -l, patterns'
