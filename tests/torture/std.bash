# SPDX-License-Identifier: MIT
# The tests of a package of Go's own, by two binaries: `. "$ROOT/tests/torture/std.bash"`.
# shellcheck shell=bash
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

# same_results LABEL ORIGINAL REWRITTEN DIR: both give the same results. Sets RESULTS to what
# can be said of them, or prints why not and fails.
same_results() {
	local label=$1 original=$2 rewritten=$3 dir=$4 t=$TEST_TMP/t names alone=0
	run_tests "$original" "$dir" "$t/before"
	run_tests "$rewritten" "$dir" "$t/after"
	names=$(differing "$t/before" "$t/after")
	if [ "$(wc -w <<<"$names")" -gt 20 ]; then
		not_ok "$label: $(wc -w <<<"$names") tests differ; $(tail -n 1 "$t/after")"
		tail -n 40 "$t/after.log" | sed 's/^/  | /'
		return 1
	fi
	for name in $names; do
		alone=$((alone + 1))
		settle "$name" || { not_ok "$label: $name differs, alone too"; return 1; }
	done
	if [ -z "$names" ] && ! diff <(tail -n 1 "$t/before") <(tail -n 1 "$t/after") >/dev/null; then
		not_ok "$label: $(tail -n 1 "$t/before") before, $(tail -n 1 "$t/after") after"
		return 1
	fi
	RESULTS="$(grep -c ' PASS$' "$t/before") pass, same $(grep -c ' FAIL$' "$t/before" || true)\
 failures$([ $alone = 0 ] || echo ", $alone settled by running alone")"
}
