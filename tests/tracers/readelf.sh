#!/bin/bash
# SPDX-License-Identifier: MIT
# readelf -n reads the notes that inject writes: every field as list shows it, every probe.
. "$ROOT/tests/tracers/tracers.bash"
need readelf python3
serve
python3 "$ROOT/tests/list/readelf.py" "$PROBES" "$APP" || die 'readelf -n and list differ'
readelf -n -W "$APP" 2>"$TEST_TMP/warnings" >/dev/null
[ ! -s "$TEST_TMP/warnings" ] || die "readelf: $(head -3 "$TEST_TMP/warnings")"
ok 'readelf -n: every note, no warning'
