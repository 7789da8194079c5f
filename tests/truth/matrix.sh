#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# timeout: 2700
# Every Go toolchain x every way to build: each argument of each probe against the truth.
#
# Kinds: static, cgo, pie, sw (-ldflags="-s -w"), strip (strip -s of static), race;
# note is static with --mode note, where code stays as it is and some probes are refused.
# KINDS="static pie" and GO_VERSIONS="go1.24.12 ..." narrow the matrix.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/truth/truth.bash"

kinds=${KINDS:-static note cgo pie sw strip race}
failed=0

combination() { # combination VERSION GO KIND: one line of the matrix
	local dir=$TEST_TMP/$1-$3 sum inject=() compare=()
	if [ "$3" = note ]; then
		inject=(--mode note) compare=(--partial)
	else
		compare=("--report=$TEST_TMP/reports/$1-$3.json" "--kind=$3")
	fi
	mkdir -p "$dir"
	if ! build_shop "$2" "$3" "$dir/shop" >"$dir/build.log" 2>&1; then
		not_ok "$1 $3: build: $(tail -n 1 "$dir/build.log")"
		return 1
	fi
	if ! inject_shop "$dir" "${inject[@]}" >"$dir/inject.log" 2>&1; then
		not_ok "$1 $3: inject: $(tail -n 1 "$dir/inject.log")"
		return 1
	fi
	sum=$(run_and_compare "$dir" "$MODES" "${compare[@]}") || {
		echo "$sum"
		not_ok "$1 $3: $(echo "$sum" | tail -n 1)"
		return 1
	}
	echo "$sum" | sed -n 's/^not in/# &/p'
	naive "$sum" || {
		not_ok "$1 $3: plain uprobes do not over-count, so grow and preempt prove nothing"
		return 1
	}
	ok "$1 $3: $(echo "$sum" | tail -n 1)"
	rm -rf "$dir"
}

naive() { # naive SUM: what plain uprobes at first bytes counted; false when it was right
	echo "$1" | awk '/^uprobe / && $(NF - 4) > $(NF - 1) {
			text = text sprintf(", %s %d for %d", $(NF - 5), $(NF - 4), $(NF - 1))
		}
			END {print "# plain uprobes at first bytes" text; exit text == ""}'
}

truth_tools
mkdir "$TEST_TMP/reports"
exec 3>&1
while read -r version go; do
	started=$SECONDS
	for kind in $kinds; do
		combination "$version" "$go" "$kind" || failed=1
	done
	rm -rf "$TEST_TMP/$version-static"
	echo "# $version: $((SECONDS - started)) s"
done < <("$ROOT/tests/toolchains.sh" 2>&3) # its "skip - " lines are results, too
# What became of every probe: release x probe, over all kinds of builds.
"$PROBES" catalog --json >"$TEST_TMP/catalog.json"
table=ok
python3 "$TRUTH/table.py" "$TEST_TMP/catalog.json" "$TEST_TMP"/reports/*.json \
	>"$TEST_TMP/table" || table=not_ok failed=1
sed 's/^/| /' "$TEST_TMP/table"
$table "$(tail -n 1 "$TEST_TMP/table")"
exit $failed
