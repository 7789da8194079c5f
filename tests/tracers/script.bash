# SPDX-License-Identifier: MIT
# A script of `probes bpftrace`, on the sample program that knows the truth. After tests/lib.sh.
# shellcheck shell=bash

TRUTH=$ROOT/tests/truth

build_sample() { # $TEST_TMP/shop with all probes, and list.json
	(cd "$ROOT/tests/fixtures/shop" && GOTOOLCHAIN=local GOFLAGS='' CGO_ENABLED=0 \
		nice go build -buildvcs=false -o "$TEST_TMP/shop" .)
	"$PROBES" inject shop 2>/dev/null
	"$PROBES" list --json shop >list.json
}

# script_finds_truth BPFTRACE MODE LAST [OPTION]...: what the script for the mode's probes prints,
# with arguments up to argLAST, is what the program logged. The sum goes to standard output.
script_finds_truth() {
	local bpftrace=$1 mode=$2 last=$3 shop pid
	shift 3
	python3 "$TRUTH/plan.py" capture . shop "$mode"
	python3 -c 'import json, sys
for probe in json.load(open(sys.argv[1]))["files"][0]["probes"]:
    print(probe["provider"] + ":" + probe["name"])' "$mode.list" >patterns
	xargs "$PROBES" bpftrace --args "$last" "$@" shop <patterns >"$mode.bt"
	coproc SHOP {
		GODEBUG=httpmuxgo121=0 exec ./shop -mode "$mode" -truth "$mode.truth" 2>"$mode.log"
	}
	shop=$SHOP_PID
	read -r _ <&"${SHOP[0]}"
	BPFTRACE_STRLEN=128 BPFTRACE_MAX_STRLEN=128 BPFTRACE_PERF_RB_PAGES=1024 \
		"$bpftrace" "$mode.bt" >out 2>err &
	pid=$!
	python3 "$TRUTH/armed.py" "$mode.list" "$shop" 120 || die "bpftrace: $(tail -n 3 err)"
	wait_for 60 polling_any "$pid" || die "bpftrace: $(tail -n 3 err)"
	echo >&"${SHOP[1]}"
	wait "$shop" || die "shop: $(tail -n 3 "$mode.log")"
	sleep 1 # for the rest to be read
	interrupt "$pid"
	if grep -hi '^lost [0-9]* events' out err; then die 'events were lost'; fi
	python3 "$ROOT/tests/tracers/script.py" "$mode.list" "$last" <out >events 2>others ||
		die "$(tail -n 1 others)"
	python3 "$TRUTH/compare.py" -q --partial "--words=$((last + 1))" "$TRUTH/expect.json" \
		"$mode.list" "$mode.list" "$mode.truth" events | grep -v '^not in this file'
}

polling_any() { # polling_any PID: it waits in epoll_wait, epoll_pwait, poll or ppoll of amd64
	case $(cat "/proc/$1/syscall" 2>/dev/null) in
	232\ * | 281\ * | 7\ * | 271\ *) ;;
	*) return 1 ;;
	esac
}

interrupt() { # interrupt PID: until it has ended; an INT that comes at a bad moment is lost
	local turn
	for turn in 1 2 3 4; do
		kill -INT "$1" 2>/dev/null || break
		wait_for 30 eval "! kill -0 $1 2>/dev/null" && break
	done
	wait "$1" 2>/dev/null || true
}
