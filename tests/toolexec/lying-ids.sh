#!/bin/bash
# SPDX-License-Identifier: MIT
# A file whose record of Go build ids lies, or whose ids differ from each other, is refused
# with one line, and nothing is written; all ids changed alike, as Go does, are fine.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
need gcc
program app
cd app
# In a library the note with the id makes way for a program header, which cuts the id in two:
# it stands in the note's new place and in the undo record.
sed -i 's/^import (/import "C"\n\nimport (/' main.go
go build "$TOOLEXEC" -buildmode=c-shared -o app .
probed app
python3 "$ROOT/tests/toolexec/lying-ids.py" app >lies
[ "$(wc -l <lies)" -ge 16 ] || die "$(wc -l <lies) lies"
while read -r name message; do
	for command in verify "strip -o out" "inject -o out"; do
		# shellcheck disable=SC2086
		expect_exit 1 "$PROBES" $command "app.$name"
		expect_match "$TEST_TMP/err" "^probes: app\.$name: .*$message"
		[ "$(wc -l <"$TEST_TMP/err")" = 1 ] || die "$name: more than one line"
		[ ! -e out ] || die "$name: $command writes a file"
	done
	ok "$name"
done <lies

id=$(go tool buildid app)
cp app another
python3 - another "$id" <<'E2'
import sys
data = open(sys.argv[1], "rb").read()
old = sys.argv[2].encode()
new = old[:-20] + b"-_" * 10
assert data.count(old) == 2
open(sys.argv[1], "wb").write(data.replace(old, new))
E2
probed another
"$PROBES" strip another
"$PROBES" strip app
[ "$(go tool buildid another)" = "${id%????????????????????}-_-_-_-_-_-_-_-_-_-_" ] ||
	die "strip gives another build id"
ok "ids that are changed alike"
