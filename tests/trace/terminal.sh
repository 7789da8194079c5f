#!/bin/bash
# SPDX-License-Identifier: MIT
# slow (a Go program and the kernel)
# needs: bpf
# `probes top` and `hist --heatmap` on a terminal of 80 columns and 24 rows, and smaller.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/trace/live.bash"
load_build
python3 "$ROOT/tests/trace/terminal_check.py"
