#!/bin/bash
# SPDX-License-Identifier: MIT
# The input may be running, a symlink or one of two hard links: it is replaced, never written.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d" "$d/elsewhere"
go_program "$TEST_TMP/old"
"$PROBES" inject -o "$TEST_TMP/new" "$TEST_TMP/old" >/dev/null
cmp -s "$TEST_TMP/old" "$TEST_TMP/new" && die "inject added nothing"

cp "$TEST_TMP/old" "$d/running"
mkfifo "$TEST_TMP/go-on"
"$d/running" wait <"$TEST_TMP/go-on" >"$TEST_TMP/said" &
pid=$!
exec 3>"$TEST_TMP/go-on"
wait_for 10 grep -q hello "$TEST_TMP/said" || die "the program does not start"
inode=$(stat -Lc %i "/proc/$pid/exe")
run_probes inject "$d/running"
[ "$RC" = 0 ] || die "inject of a running program: exit $RC: $(cat "$TEST_TMP/.err")"
cmp "$d/running" "$TEST_TMP/new"
cmp "/proc/$pid/exe" "$TEST_TMP/old"
[ "$(stat -Lc %i "/proc/$pid/exe")" = "$inode" ] || die "the running file's inode changed"
echo >&3
exec 3>&-
wait $pid || die "the running program ended badly"
expect_line "$TEST_TMP/said" 'end'
[ "$("$d/running")" = 'hello from a goroutine' ] || die "the new file does not run"
ok "a running program goes on, its file is replaced"

cp "$TEST_TMP/old" "$d/elsewhere/target"
ln -s elsewhere/target "$d/link"
ln -s link "$d/link-to-link"
run_probes inject "$d/link-to-link"
[ "$RC" = 0 ] || die "inject of a symlink: exit $RC: $(cat "$TEST_TMP/.err")"
[ "$(readlink "$d/link-to-link") $(readlink "$d/link")" = "link elsewhere/target" ] ||
	die "a symlink was replaced"
cmp "$d/elsewhere/target" "$TEST_TMP/new"
[ "$(ls -A "$d/elsewhere")" = target ] || die "litter: $(ls -A "$d/elsewhere")"
run_probes strip "$d/link"
[ "$RC" = 0 ] && [ -L "$d/link" ] || die "strip of a symlink: exit $RC"
cmp "$d/elsewhere/target" "$TEST_TMP/old"
ok "a symlink stays a link, its target is replaced"

cp "$TEST_TMP/old" "$d/name"
ln "$d/name" "$d/other-name"
run_probes inject "$d/name"
[ "$RC" = 0 ] || die "inject of a hard link: exit $RC: $(cat "$TEST_TMP/.err")"
cmp "$d/name" "$TEST_TMP/new"
cmp "$d/other-name" "$TEST_TMP/old"
ok "of two hard links, the other name keeps the old content"
