#!/bin/bash
# SPDX-License-Identifier: MIT
# A Go version newer than the layout data is bound with DWARF only; the refusal says so.
. "$(dirname "$0")/../lib.sh"
need go python3
unit=${UNIT:-$ROOT/build/tests}
cd "$ROOT/stdlib-probes/layouts/program"
CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -o "$TEST_TMP/program" .
cd "$TEST_TMP"

# The same length, so that nothing moves: go1.26.8 becomes go1.99.8.
python3 - program future <<'END'
import re, subprocess, sys
version = subprocess.run(["go", "version", sys.argv[1]], capture_output=True, text=True,
                         check=True).stdout.split()[-1].encode()
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(data.replace(version, re.sub(rb"1\.\d\d", b"1.99", version)))
END
# What Go 1.27 moved to another package is looked for there.
"$unit/dump_bound" dwarf program | grep -v http2 >known
"$unit/dump_bound" dwarf future | grep -v http2 >with_dwarf
diff known with_dwarf
"$unit/dump_bound" layout future | grep -v http2 >without
why='no layout data for Go 1\.99 in this version of probes, and the binary has no DWARF'
expect_match without " refused layout-unknown: $why; build without -w, or update probes$"
! grep -v ' refused layout-unknown: ' without || die 'a probe was bound without its layout'
