#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# The bcc tools of bpf-scripts, held against the load driver's truth by bcc_tools.py.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/bcc.bash"
need go python3
need_bpf
need_bcc
exec /usr/bin/python3 "$ROOT/tests/tools/bcc_tools.py"
