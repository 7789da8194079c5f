#!/bin/bash
# SPDX-License-Identifier: MIT
# Help, version, and wrong usage: exit 2, one line, the nearest name.
. "$ROOT/tests/lib.sh"

expect_exit 0 "$PROBES" --help
for command in inject list catalog verify strip; do
	expect_match "$TEST_TMP/out" "^  $command "
done
for command in inject list catalog verify strip; do
	expect_exit 0 "$PROBES" $command --help
	expect_match "$TEST_TMP/out" "^usage: probes $command "
	[ ! -s "$TEST_TMP/err" ] || die 'help on stderr'
	expect_exit 2 "$PROBES" $command --no-such-option
	expect_match "$TEST_TMP/err" "^probes $command: unknown option --no-such-option"
	[ "$(wc -l <"$TEST_TMP/err")" = 1 ] || die 'more than one line'
done
expect_exit 0 "$PROBES" --version
expect_match "$TEST_TMP/out" '^probes [0-9]+\.[0-9]+\.[0-9]+$'
ok 'help and version'

expect_exit 2 "$PROBES"
expect_exit 2 "$PROBES" lits
expect_line "$TEST_TMP/err" \
	"probes: unknown command 'lits' (did you mean 'list'?); see probes --help"
expect_exit 2 "$PROBES" list --josn x
expect_match "$TEST_TMP/err" 'did you mean --json\?'
expect_exit 2 "$PROBES" inject -o
expect_match "$TEST_TMP/err" '^probes inject: -o needs an argument'
ok 'wrong usage names the nearest right one'

if [ -e /dev/full ]; then
	code=0
	"$PROBES" catalog >/dev/full 2>"$TEST_TMP/err" || code=$?
	[ $code = 1 ] || die "exit $code on a full disk"
	expect_match "$TEST_TMP/err" 'cannot write standard output'
	ok 'output that cannot be written is a failure'
fi
