#!/bin/bash
# SPDX-License-Identifier: MIT
# A Go version newer than the layout data is bound with DWARF only; the refusal says so.
. "$(dirname "$0")/../lib.sh"
need go python3
unit=${UNIT:-$ROOT/build/tests}
# The newest release: what it moved stays moved in later ones.
newest=$("$ROOT/tests/toolchains.sh" | sort -V | tail -n 1 | cut -d' ' -f2)
cd "$ROOT/stdlib-probes/layouts/program"
CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOTOOLCHAIN=local "$newest" build -o "$TEST_TMP/program" .
cd "$TEST_TMP"

# The same length, so that nothing moves: go1.27.3 becomes go1.99.3.
python3 - program future <<'END'
import re, subprocess, sys
version = subprocess.run(["go", "version", sys.argv[1]], capture_output=True, text=True,
                         check=True).stdout.split()[-1].encode()
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(data.replace(version, re.sub(rb"1\.\d\d", b"1.99", version)))
END
# The numbers of an enumeration are in no DWARF.
"$unit/dump_bound" dwarf future >with_dwarf
expect_match with_dwarf ' refused layout-unknown: the numbers of runtime.waitReason in go1.99'
sed -n 's/ refused layout-unknown: the numbers of .*/ /p' with_dwarf >numbers
"$unit/dump_bound" dwarf program | grep -vFf numbers >known
grep -vFf numbers with_dwarf | diff known -
"$unit/dump_bound" layout future >without
why='no layout data for Go 1\.99 in this version of probes, and the binary has no DWARF'
expect_match without " refused layout-unknown: $why; build without -w, or update probes$"
! grep -v ' refused layout-unknown: ' without || die 'a probe was bound without its layout'
