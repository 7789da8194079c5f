# SPDX-License-Identifier: MIT
# Helpers for shell tests: `. "$ROOT/tests/lib.sh"` first. Bash; run by tests/run.
# shellcheck shell=bash
set -eu -o pipefail

: "${ROOT:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${PROBES:=$ROOT/build/probes}"
if [ -z "${TEST_TMP:-}" ]; then # run by hand, without tests/run
	TEST_TMP=$(mktemp -d)
	trap 'rm -rf "$TEST_TMP"' EXIT
fi
cd "$TEST_TMP"
export ROOT PROBES TEST_TMP PATH="$PATH:/usr/local/go/bin:/usr/sbin:/sbin"

die() { # die MESSAGE...: the test fails
	echo "FAIL: $*" >&2
	exit 1
}

skip() { # skip REASON...: the test does not apply here
	echo "SKIP: $*"
	exit 77
}

ok() { echo "ok - $*"; }         # one of several results passed
not_ok() { echo "not ok - $*"; } # ... failed; the test goes on and fails at its end

need() { # need COMMAND...: skips when one of them is not there
	local command
	for command; do
		command -v "$command" >/dev/null || skip "$command is not installed (make deps)"
	done
}

need_bpf() { # skips where this process may not trace
	need bpftrace
	[ "$(id -u)" = 0 ] || skip "tracing needs root"
	[ -e /sys/bus/event_source/devices/uprobe ] || skip "this kernel has no uprobes"
}

expect_line() { # expect_line FILE LINE...: each LINE is a whole line of FILE
	local file=$1 line
	shift
	for line; do
		grep -qxF -e "$line" "$file" && continue
		sed 's/^/  | /' "$file" >&2
		die "no line '$line' in $file"
	done
}

expect_match() { # expect_match FILE REGEX...: each extended REGEX matches a line of FILE
	local file=$1 regex
	shift
	for regex; do
		grep -qE -e "$regex" "$file" && continue
		sed 's/^/  | /' "$file" >&2
		die "nothing in $file matches '$regex'"
	done
}

expect_exit() { # expect_exit CODE COMMAND...: stdout and stderr go to $TEST_TMP/out and err
	local want=$1 got=0
	shift
	"$@" >"$TEST_TMP/out" 2>"$TEST_TMP/err" || got=$?
	[ "$got" = "$want" ] && return
	sed 's/^/  | /' "$TEST_TMP/out" "$TEST_TMP/err" >&2
	die "exit $got instead of $want: $*"
}

# build_go OUT DIR [GO] [FLAG]...: builds the program in DIR with the toolchain GO (a path;
# "go" by default). A DIR without go.mod holds single-file programs of the main package.
# Caller's GOFLAGS are left out, so that a build is the same everywhere.
build_go() {
	local out=$1 dir=$2 go=${3:-go} packages=.
	shift $(($# < 3 ? $# : 3))
	case $out in /*) ;; *) out=$TEST_TMP/$out ;; esac
	[ -e "$dir/go.mod" ] || packages=$(cd "$dir" && echo ./*.go)
	# shellcheck disable=SC2086
	(cd "$dir" && env GOFLAGS= GOTOOLCHAIN=local GOWORK=off nice "$go" build -buildvcs=false \
		-o "$out" "$@" $packages)
}

wait_for() { # wait_for SECONDS COMMAND...: until COMMAND succeeds; fails when time is over
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

STARTED=() # process ids that stop_all ends

stop_all() { # ends what start_server and bpftrace_start started, waits for it
	local pid
	for pid in "${STARTED[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	STARTED=()
}

# start_server NAME COMMAND...: runs a server in the background. It listens on 127.0.0.1:0
# and prints "listening 127.0.0.1:PORT" as a line of its own. Output goes to $TEST_TMP/NAME.log.
# Sets SERVER_PID and SERVER_ADDR.
start_server() {
	local log=$TEST_TMP/$1.log
	shift
	rm -f "$log" # or an earlier server of this name seems to listen
	"$@" >"$log" 2>&1 &
	SERVER_PID=$!
	STARTED+=("$SERVER_PID")
	wait_for 20 grep -qsE '^listening ' "$log" || {
		sed 's/^/  | /' "$log" >&2
		die "the server does not listen: $*"
	}
	SERVER_ADDR=$(sed -nE 's/^listening ([^ ]+).*/\1/p' "$log" | head -1)
}

# bpftrace_start NAME ARG...: runs bpftrace in the background and returns once its probes are
# attached. Output goes to $TEST_TMP/NAME.log. Sets BPFTRACE_PID.
bpftrace_start() {
	local log=$TEST_TMP/$1.log
	shift
	rm -f "$log"
	env BPFTRACE_STRLEN="${BPFTRACE_STRLEN:-64}" bpftrace "$@" >"$log" 2>&1 &
	BPFTRACE_PID=$!
	STARTED+=("$BPFTRACE_PID")
	wait_for 60 bpftrace_settled "$log" "$BPFTRACE_PID" && kill -0 "$BPFTRACE_PID" || {
		sed 's/^/  | /' "$log" >&2
		die "bpftrace does not attach: $*"
	}
}

# It has ended, or is attached: it prints its line just before it attaches, and waits for
# events only after. Attaching can stand still for long.
bpftrace_settled() { # bpftrace_settled LOG PID
	kill -0 "$2" 2>/dev/null || return 0
	grep -qs '^Attach' "$1" || return 1
	polling "$2"
}

polling() { # polling PID: it waits for events now (epoll_wait, call 232 of amd64)
	case $(cat "/proc/$1/syscall" 2>/dev/null) in 232\ *) ;; *) return 1 ;; esac
}

# bpftrace_drained PID: it has ended, or has read what there was. An interrupt makes it leave
# the rest unread. A bpftrace that still reads is not seen waiting ten times in a row.
bpftrace_drained() {
	local turn
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$1" 2>/dev/null || return 0
		polling "$1" || return 1
		sleep 0.02
	done
}

bpftrace_stop() { # ends the bpftrace of bpftrace_start and waits until its maps are printed
	local signal
	wait_for 60 bpftrace_drained "$BPFTRACE_PID" || true
	for signal in INT INT TERM KILL; do # an INT that comes at a bad moment is lost on it
		kill -$signal "$BPFTRACE_PID" 2>/dev/null || break
		wait_for 30 eval "! kill -0 $BPFTRACE_PID 2>/dev/null" && break
	done
	wait "$BPFTRACE_PID" 2>/dev/null || true
}

# bpftrace_run NAME PROGRAM COMMAND...: attaches PROGRAM, runs COMMAND, ends bpftrace; its
# output is then in $TEST_TMP/NAME.log.
bpftrace_run() {
	local name=$1 program=$2
	shift 2
	bpftrace_start "$name" -e "$program"
	"$@"
	bpftrace_stop
}
