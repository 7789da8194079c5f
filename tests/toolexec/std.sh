#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# timeout: 2400
# The tests of Go's own packages give the same results when `go test` builds them through the
# pass, with detours and with nops of the patched compiler. PACKAGES="sync os" takes these,
# MODES="inline" that mode, GO_BIN=/path/to/go another toolchain.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/torture/std.bash"
need go
PACKAGES=${PACKAGES:-encoding/json database/sql log/slog}
MODES=${MODES:-detour inline}
GO_BIN=${GO_BIN:-$(cd / && go env GOROOT)/bin/go}

by_toolexec() { # by_toolexec MODE PACKAGE
	local mode=$1 package=$2 label="$1 $2" t=$TEST_TMP/t dir original rewritten sites RESULTS
	dir=$("$GO_BIN" env GOROOT)/src/$package
	rm -rf "$t" && mkdir -p "$t/a" "$t/b"
	original=$t/a/${package##*/}.test rewritten=$t/b/${package##*/}.test
	(cd "$dir" && nice "$GO_BIN" test -c -o "$original" .)
	(cd "$dir" && nice "$GO_BIN" test -c -toolexec="$PROBES toolexec --mode $mode" \
		-o "$rewritten" .) >"$t/build" 2>&1 ||
		{ not_ok "$label: does not build: $(tail -n 1 "$t/build")"; return; }
	"$PROBES" verify "$rewritten" >"$t/verify" 2>&1 ||
		{ not_ok "$label: $(head -n 1 "$t/verify")"; return; }
	sites=$("$PROBES" list --json "$rewritten" | grep -c "\"tactic\":[[:space:]]*\"$mode\"") ||
		{ not_ok "$label: no site of that tactic"; return; }
	same_results "$label" "$original" "$rewritten" "$dir" || return 0
	ok "$label: $sites sites, $RESULTS"
}

for mode in $MODES; do
	for package in $PACKAGES; do
		by_toolexec "$mode" "$package"
	done
done
exit
