# SPDX-License-Identifier: MIT
# Tracing the shop fixture with probes trace; after tests/lib.sh.
# shellcheck shell=bash
. "$ROOT/tests/truth/truth.bash"

shop_build() { # ./shop with all its probes, and list.json
	need go python3
	need_bpf
	build_shop "$(command -v go)" static "$TEST_TMP/shop"
	inject_shop "$TEST_TMP"
}

# shop_start MODE: runs ./shop until it waits for a line in the pipe of file descriptor 9. Sets
# SHOP_PID.
shop_start() {
	local debug=httpmuxgo121=0
	case $1 in
	grow) debug= ;; # the fixture's go line then asks for the ServeMux of Go 1.21
	preempt) debug=asyncpreemptoff=1 ;;
	esac
	rm -f word && mkfifo word
	GODEBUG=$debug GOTRACEBACK=none ./shop -mode "$1" -truth "$1.truth" <word >ready 2>&1 &
	SHOP_PID=$!
	STARTED+=("$SHOP_PID")
	exec 9>word
	wait_for 20 grep -qs '^ready' ready || die "shop does not get ready: $(cat ready)"
}

# tracer_start LOG COMMAND...: a tracing command in the background; returns once it has
# attached. Sets TRACER_PID.
tracer_start() {
	local log=$1
	shift
	rm -f "$log" # of the run before, which says the same
	"$@" 2>"$log" &
	TRACER_PID=$!
	STARTED+=("$TRACER_PID")
	wait_for 60 grep -qs 'attached to' "$log" || die "does not attach: $* $(cat "$log")"
}

shop_patterns() { # shop_patterns MODE: the probes of the mode's list
	python3 -c "import json, sys
for p in json.load(open(sys.argv[1]))['files'][0]['probes']:
    print(p['provider'] + ':' + p['name'])" "$1.list"
}

# trace_mode MODE OUT [OPTION]...: one run of shop under probes trace --json
trace_mode() {
	local mode=$1 out=$2
	shift 2
	shop_start "$mode"
	# shellcheck disable=SC2046
	tracer_start "$out.log" "$PROBES" trace --json "$@" "$SHOP_PID" $(shop_patterns "$mode") \
		>"$out"
	echo go >&9
	exec 9>&-
	wait "$TRACER_PID" || die "$mode: the tracer ended with an error: $(cat "$out.log")"
	wait "$SHOP_PID" || true
	grep -q ' 0 lost' "$out.log" || die "$mode: $(cat "$out.log")"
}
