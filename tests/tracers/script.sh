#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# Scripts of `probes bpftrace`: bpftrace takes them all, and what they print is the truth.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/tracers/script.bash"
need_bpf
need go python3 cc
build_sample

parses() { # parses NAME OPTION...: bpftrace makes code of a script for all probes
	"$PROBES" bpftrace "${@:2}" shop >"$1.bt"
	BPFTRACE_MAX_PROBES=1024 nice bpftrace -d "$1.bt" >"$1.out" 2>&1 &&
		! grep "^ERROR: [^U]" "$1.out"
}

parses lines &
lines=$!
parses hist --hist &
hist=$!
sum=$(script_finds_truth bpftrace files 5 --spans) || die "$sum"
ok "$(bpftrace --version), --spans: $(tail -n 1 <<<"$sum")"
[ "$(grep -c '^usdt:' files.bt)" = "$(wc -l <patterns)" ] || die 'not a block for each probe'
grep -q ' took=[0-9]*us$' out || die 'no end of a pair has a time'
expect_match out '^@us_os_open: *$'
ok 'times and histograms of pairs'

wait $lines || die 'bpftrace does not take the script for all probes'
wait $hist || die 'bpftrace does not take the script for all probes with --hist'
ok "dry run of all $("$PROBES" list shop | wc -l) probes, lines and --hist"

# A program that is not Go's, with a semaphore: only what every bpftrace reads.
cc -O2 -o sdt "$ROOT/tests/fixtures/sdt/app.c"
"$PROBES" bpftrace sdt 'fixture:*' >sdt.bt
[ "$(grep -c '^usdt:' sdt.bt)" = 2 ] && [ "$(grep -c '^// left out' sdt.bt)" = 2 ] ||
	die 'sdt: not the probes that every bpftrace reads'
bpftrace -c ./sdt sdt.bt >sdt.out 2>&1 || die "$(cat sdt.out)"
expect_match sdt.out ' t[0-9]+ fixture:start arg0=1 arg1=[0-9]+$' ' t[0-9]+ fixture:none$'
ok 'notes of <sys/sdt.h>'

expect_exit 2 "$PROBES" bpftrace --args 12 shop
expect_exit 2 "$PROBES" bpftrace -p no shop
expect_exit 3 "$PROBES" bpftrace shop nothing:here
expect_exit 3 "$PROBES" bpftrace sdt step
cp shop 'sh:op'
expect_exit 1 "$PROBES" bpftrace ./sh:op
ok 'wrong arguments'
