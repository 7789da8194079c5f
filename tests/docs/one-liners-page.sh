#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# Every one-liner of docs/one-liners.md, on a program under load: what it finds is the truth.
. "$ROOT/tests/lib.sh"
need_bpf
need go python3
build_go app "$ROOT/tests/fixtures/load"
"$PROBES" inject app 2>/dev/null
exec python3 "$ROOT/tests/docs/oneliners.py" bpftrace "$TEST_TMP/app"
