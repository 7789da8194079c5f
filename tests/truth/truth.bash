# SPDX-License-Identifier: MIT
# Building, injecting, running and comparing the shop fixture; after tests/lib.sh.
# shellcheck shell=bash

TRUTH=$ROOT/tests/truth
# Functions that also get a plain uprobe at their first byte, which over-counts.
NAIVE=('net/http.(*Transport).roundTrip' 'database/sql.(*DB).conn' 'database/sql.(*Tx).rollback'
	'net.(*netFD).Read' 'net.(*Resolver).lookupIPAddr' 'runtime.gopanic')

truth_tools() { # builds the capture program into $TEST_TMP
	need clang gcc python3
	need_bpf
	clang -O2 -g -target bpf -D__TARGET_ARCH_x86 "-I/usr/include/$(uname -m)-linux-gnu" \
		-c "$TRUTH/capture.bpf.c" -o "$TEST_TMP/capture.bpf.o"
	gcc -std=gnu11 -O2 -Wall -D_GNU_SOURCE "$TRUTH/capture.c" "$TRUTH/multi.c" \
		-o "$TEST_TMP/capture" -lbpf
	# Linux before 6.6 has no uprobe_multi; libbpf then attaches site by site.
	ATTACH=
	[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ] || ATTACH=--usdt
}

build_shop() { # build_shop GO KIND OUT
	local cgo=0 flags=()
	case $2 in
	static | note | strip) ;;
	cgo) cgo=1 flags=(-ldflags=-linkmode=external) ;;
	pie) flags=(-buildmode=pie) ;;
	sw) flags=('-ldflags=-s -w') ;;
	race) cgo=1 flags=(-race) ;;
	*) die "no kind of build: $2" ;;
	esac
	# Go 1.19 cannot build when its own tree lies in the module cache in use.
	(cd "$ROOT/tests/fixtures/shop" &&
		GOTOOLCHAIN=local GOFLAGS='' GOMODCACHE="$TEST_TMP/modules" CGO_ENABLED=$cgo \
			"$1" build -buildvcs=false "${flags[@]}" -o "$3" .)
	[ "$2" != strip ] || strip -s "$3"
}

inject_shop() { # inject_shop DIR [OPTION]...: DIR/shop gets all probes; DIR/list.json
	"$PROBES" inject "${@:2}" -o "$1/probed" "$1/shop" && mv "$1/probed" "$1/shop"
	"$PROBES" verify "$1/shop"
	"$PROBES" list --json "$1/shop" >"$1/list.json"
}

run_mode() { # run_mode DIR MODE: one run under capture
	local dir=$1 mode=$2 debug=httpmuxgo121=0 wanted='' status
	case $mode in
	grow) debug= ;; # the fixture's go line then asks for the ServeMux of Go 1.21
	preempt) debug=asyncpreemptoff=1 ;;
	esac
	GODEBUG=$debug GOTRACEBACK=none timeout 300 "$TEST_TMP/capture" ${ATTACH:+"$ATTACH"} \
		"$TEST_TMP/capture.bpf.o" "$dir/$mode.plan" "$dir/$mode.events" \
		"$dir/shop" -mode "$mode" -truth "$dir/$mode.truth" 2>"$dir/$mode.log" || {
		echo "$mode: $(tail -n 3 "$dir/$mode.log")"
		return 1
	}
	case $mode in
	fatal | overflow | panic) wanted='status 0x200' ;;
	sched_exit) wanted='status 0x300' ;;
	esac
	status=$(grep '^status' "$dir/$mode.events" || true)
	[ "$status" = "$wanted" ] || {
		echo "$mode: the program ended with '$status': $(tail -n 3 "$dir/$mode.log")"
		return 1
	}
}

AREAS=$(basename -s .json "$TRUTH"/areas/*.json)
MODES="all grow preempt fatal overflow panic $AREAS"

run_and_compare() { # run_and_compare DIR MODES [OPTION]: the table; the last line has the sums
	local dir=$1 mode files=()
	python3 "$TRUTH/plan.py" capture "$dir" "$dir/shop" "$2" "${NAIVE[@]}"
	for mode in $2; do
		run_mode "$dir" "$mode" || return 1
		files+=("$dir/$mode.list" "$dir/$mode.truth" "$dir/$mode.events")
	done
	python3 "$TRUTH/compare.py" -q "${@:3}" "$TRUTH/expect.json" "$dir/list.json" "${files[@]}"
}
