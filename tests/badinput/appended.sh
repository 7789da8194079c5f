#!/bin/bash
# SPDX-License-Identifier: MIT
# A program with an archive appended to it is refused: it looks for that at the file's end.
. "$ROOT/tests/badinput/bad.bash"
need python3

d=$TEST_TMP/d
mkdir "$d"
go_program "$d/app"
cp "$d/app" "$TEST_TMP/plain"
python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "a") as archive: archive.writestr("a.txt", "hello")' "$d/app"
refused "$d" app 'behind the ELF contents'

head -c 4096 /dev/zero >>"$TEST_TMP/plain"
"$PROBES" inject "$TEST_TMP/plain"
ok 'zeros at the end are padding'
