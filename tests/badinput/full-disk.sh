#!/bin/bash
# SPDX-License-Identifier: MIT
# On a full disk, inject and strip answer with one line, keep the file and leave no litter.
. "$ROOT/tests/badinput/bad.bash"

[ "$(id -u)" = 0 ] || skip "a small tmpfs needs root"
d=$TEST_TMP/d
if [ -z "${FULL_DISK_MOUNTED:-}" ]; then # a mount of our own, gone with its namespace
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	exec env FULL_DISK_MOUNTED=1 unshare -m "$0"
fi
mkdir "$d"
go_program "$TEST_TMP/app"
"$PROBES" inject -o "$TEST_TMP/injected" "$TEST_TMP/app" >/dev/null
size=$(stat -c %s "$TEST_TMP/injected")
mount -t tmpfs -o size=$((size * 3 / 2)) none "$d"
for room in 0 1 50 90 99; do # percent of the new file's size that is free on the disk
	cp "$TEST_TMP/app" "$d/app"
	space=$(($(stat -f -c '%a * %S' "$d")))
	fill=$((space - size * room / 100))
	head -c $fill /dev/zero >"$d/fill" || true
	before=$(snapshot "$d")
	run_probes inject "$d/app"
	[ "$RC" = 1 ] || die "inject with $room % free: exit $RC instead of 1"
	one_line app
	expect_match "$TEST_TMP/.err" 'No space left'
	run_probes inject -o "$d/new" "$TEST_TMP/app"
	[ "$RC" = 1 ] || die "inject -o with $room % free: exit $RC instead of 1"
	[ "$before" = "$(snapshot "$d")" ] ||
		die "$room % free: $(diff <(echo "$before") <(snapshot "$d"))"
	rm "$d/app" "$d/fill"
done
ok "inject with 0, 1, 50, 90, 99 % of the room it needs: $(sed "s|$d/||g" "$TEST_TMP/.err")"
cp "$TEST_TMP/injected" "$d/app"
head -c $((size * 2)) /dev/zero >"$d/fill" 2>/dev/null || true
before=$(snapshot "$d")
run_probes strip "$d/app"
[ "$RC" = 1 ] || die "strip on a full disk: exit $RC instead of 1"
[ "$before" = "$(snapshot "$d")" ] || die "strip on a full disk changed something"
ok "strip"
