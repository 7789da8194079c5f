#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# The example of docs/own-probes.md does what the page says.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
need go python3
need_bpf
mkdir bin example
ln -s "$PROBES" bin/probes
export PATH="$TEST_TMP/bin:$PATH" GOFLAGS='' GOTOOLCHAIN=local GOWORK=off
python3 "$ROOT/tests/own/page.py" "$ROOT/docs/own-probes.md" example
ok 'files, commands and what they print'
