#!/bin/bash
# SPDX-License-Identifier: MIT
# docs/probes.md is what the definitions say.
. "$(dirname "$0")/../lib.sh"
"$PROBES" catalog --markdown >"$TEST_TMP/probes.md"
diff "$ROOT/docs/probes.md" "$TEST_TMP/probes.md" ||
	die 'run: build/probes catalog --markdown >docs/probes.md'
