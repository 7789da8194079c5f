#!/bin/bash
# SPDX-License-Identifier: MIT
# -o to what is no regular file is refused with one line: nothing special is ever replaced.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d" "$d/folder"
go_program "$d/app"
"$PROBES" inject -o "$TEST_TMP/injected" "$d/app" 2>/dev/null
mkfifo "$d/fifo"
ln -s fifo "$d/link-to-fifo"
ln -s loop "$d/loop"
special='folder fifo link-to-fifo loop missing/file'
[ "$(id -u)" != 0 ] || { mknod "$d/device" c 1 3 && special+=' device'; }
before=$(snapshot "$d")
for out in $special; do
	for command in "inject -o $d/$out $d/app" "strip -o $d/$out $TEST_TMP/injected"; do
		# shellcheck disable=SC2086
		run_probes $command
		[ "$RC" = 1 ] || die "$command: exit $RC instead of 1"
		one_line "$d"
		[ "$(snapshot "$d")" = "$before" ] ||
			die "$command: $(diff <(echo "$before") <(snapshot "$d"))"
	done
	ok "$out: $(sed "s|$d/||g; s|^probes: ||" "$TEST_TMP/.err")"
done

cp "$d/app" "$d/older"
chmod 640 "$d/older"
run_probes inject -o "$d/older" "$d/app"
[ "$RC" = 0 ] || die "-o to a file that is there: exit $RC"
cmp "$d/older" "$TEST_TMP/injected"
cp "$d/app" "$d/same"
run_probes inject -o "$d/same" "$d/same"
[ "$RC" = 0 ] || die "-o to the input: exit $RC"
cmp "$d/same" "$TEST_TMP/injected"
ok "an older file, and the input itself, are replaced"
