#!/bin/bash
# SPDX-License-Identifier: MIT
# What is no ELF file is refused with one line, by every command, and is not changed.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d" "$d/folder"
: >"$d/empty"
printf 'x' >"$d/one-byte"
printf '\177ELF' >"$d/magic-only"
printf '#!/bin/sh\necho hello\n' >"$d/script"
head -c 70000 /dev/urandom >"$d/noise"
mkfifo "$d/fifo"
ln -s nowhere "$d/dangling"
for file in empty one-byte magic-only script noise folder fifo missing dangling; do
	refused "$d" "$file"
done
for command in list verify strip; do
	for file in empty one-byte magic-only script noise folder fifo missing dangling; do
		run_probes "$command" "$d/$file"
		[ "$RC" = 1 ] || die "$command $file: exit $RC instead of 1"
		one_line "$file"
	done
	ok "$command refuses all of them"
done
