#!/bin/bash
# SPDX-License-Identifier: MIT
# In a read-only folder, inject and strip answer with one line and leave everything alone.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
if [ "$(id -u)" = 0 ] && [ -z "${READ_ONLY_MOUNT:-}" ]; then # a mount of our own, gone with
	unshare -m true 2>/dev/null || skip "no mount namespaces here" # its namespace
	exec env READ_ONLY_MOUNT=1 unshare -m "$0"
fi
mkdir "$d"
go_program "$TEST_TMP/app"
"$PROBES" inject -o "$TEST_TMP/injected" "$TEST_TMP/app"
if [ -n "${READ_ONLY_MOUNT:-}" ]; then
	mount -t tmpfs none "$d"
	cp "$TEST_TMP/app" "$TEST_TMP/injected" "$d"
	mount -o remount,ro "$d"
else
	cp "$TEST_TMP/app" "$TEST_TMP/injected" "$d"
	chmod 555 "$d"
	trap 'chmod 755 "$d"; rm -rf "$TEST_TMP"' EXIT
fi
refused "$d" app '[Rr]ead-only|[Pp]ermission'
before=$(snapshot "$d")
run_probes strip "$d/injected"
[ "$RC" = 1 ] || die "strip in a read-only folder: exit $RC instead of 1"
one_line injected
[ "$before" = "$(snapshot "$d")" ] || die "strip changed the read-only folder"
run_probes inject -o "$TEST_TMP/elsewhere" "$d/app"
[ "$RC" = 0 ] || die "inject -o elsewhere: exit $RC: $(cat "$TEST_TMP/.err")"
run_probes verify "$TEST_TMP/elsewhere"
[ "$RC" = 0 ] || die "verify: exit $RC"
ok "strip refuses too; inject -o to another folder works"
