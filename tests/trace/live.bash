# SPDX-License-Identifier: MIT
# A tracing command of probes around tests/fixtures/load: sourced after tests/lib.sh.
# shellcheck shell=bash

load_build() { # the driver with all its probes, as $TEST_TMP/load
	need_bpf
	need go
	build_go load "$ROOT/tests/fixtures/load"
	"$PROBES" inject load >inject.log
}

need_jsonschema() { # the comparers look at JSON lines by their schema
	python3 -c 'import jsonschema' 2>/dev/null ||
		skip 'python3-jsonschema is not installed (make deps)'
}

# load_start ARG...: the driver in the background; it waits for load_go. Sets LOAD_PID. Its
# truth will be in truth.json.
load_start() {
	rm -f load.in load.log
	mkfifo load.in
	./load -truth truth.json "$@" <load.in >load.log &
	LOAD_PID=$!
	STARTED+=("$LOAD_PID")
	exec 9>load.in
	wait_for 20 grep -qs ready load.log || die "load is not ready"
}

load_go() {
	echo go >&9
}

# load_traced NAME COMMAND ARG... -- LOAD_ARG...: works through the load while `probes COMMAND`
# traces it (PID in the arguments stands for the process); its output goes to NAME.out and
# NAME.err. Returns when both have ended.
load_traced() {
	local name=$1 arguments=() argument pid
	shift
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	load_start "${@:2}"
	for argument in "${!arguments[@]}"; do
		[ "${arguments[argument]}" != PID ] || arguments[argument]=$LOAD_PID
	done
	rm -f "$name.err" # of a run before
	"$PROBES" "${arguments[@]}" >"$name.out" 2>"$name.err" 9>&- &
	pid=$!
	STARTED+=("$pid")
	wait_for 30 grep -qs '^probes: attached' "$name.err" || {
		cat "$name.err" >&2
		die "does not attach: probes ${arguments[*]}"
	}
	load_go
	exec 9>&-
	wait "$LOAD_PID" || die "load failed"
	wait "$pid" || {
		cat "$name.err" >&2
		die "probes ${arguments[*]} failed"
	}
}
