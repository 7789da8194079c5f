#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# The BPF program and the configuration for ebpf_exporter: loaded and attached as that does, its
# maps decoded label by label as the configuration says, they hold what a program did.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/trace/export.bash"
need_bpf
need cc clang python3
trap stop_all EXIT
build_go load "$ROOT/tests/fixtures/load"
"$PROBES" inject -p 'net_http:*' -p 'database_sql:*' load 2>/dev/null
clang -target bpf -O2 -g -Wall -Werror -D__TARGET_ARCH_x86 "-DPROGRAM=\"$PWD/load\"" \
	"-I/usr/include/$(cc -dumpmachine)" -c "$ROOT/deploy/ebpf_exporter/goprobes.bpf.c" \
	-o goprobes.bpf.o
cc -O1 -Wall -Wextra -Werror -o loader "$ROOT/tests/trace/ebpf_exporter.c" -lbpf -lelf -lz
check=$ROOT/tests/trace/ebpf_exporter_check.py
mapfile -t maps < <(python3 "$check" names "$ROOT/deploy/ebpf_exporter/goprobes.yaml")
mkfifo in
./loader goprobes.bpf.o "${maps[@]}" <in >maps 2>loader.log &
loader=$!
STARTED+=("$loader")
exec 7>in
wait_for 30 grep -qs '^ready$' maps || die "$(cat loader.log)"
echo | ./load -mode http,sql -n 500 -truth truth.json >/dev/null
echo >&7
wait "$loader" || die "$(cat loader.log)"
python3 "$check" compare "$ROOT/deploy/ebpf_exporter/goprobes.yaml" maps truth.json
