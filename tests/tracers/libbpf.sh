#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# A program of our own attaches through libbpf's bpf_program__attach_usdt.
. "$ROOT/tests/tracers/tracers.bash"
need clang cc
need_bpf
serve
here=$ROOT/tests/tracers

clang -g -O2 -Wall -Werror -target bpf -D__TARGET_ARCH_x86 \
	"-I/usr/include/$(cc -dumpmachine)" -c "$here/usdt_attach.bpf.c" -o "$TEST_TMP/attach.o"
cc -O2 -Wall -Wextra -o "$TEST_TMP/attach" "$here/usdt_attach.c" -lbpf -lelf -lz

attach() { # attach NAME PID|-: the hits of five requests, one a line
	local name=$1 pid=$2 in
	mkfifo "$TEST_TMP/$name.in"
	"$TEST_TMP/attach" "$TEST_TMP/attach.o" "$APP" "$PROVIDER" "$PROBE" "$pid" 1 3 \
		<"$TEST_TMP/$name.in" >"$TEST_TMP/$name" 2>&1 &
	local tracer=$!
	exec {in}>"$TEST_TMP/$name.in"
	wait_for 30 grep -q '^attached' "$TEST_TMP/$name" || {
		cat "$TEST_TMP/$name"
		die 'libbpf does not attach'
	}
	requests
	exec {in}>&-
	wait "$tracer" || die 'the tracer failed'
	sed -n "s/^\([0-9]* '\)/\1/p" "$TEST_TMP/$name" | tr -d "'" |
		cut -d' ' -f1-3 >"$TEST_TMP/hits"
}

attach by_path -
compare "$TEST_TMP/hits" 'libbpf by path'

stop_all
start_server server "$APP"
attach by_pid "$SERVER_PID"
compare "$TEST_TMP/hits" 'libbpf for one process'
