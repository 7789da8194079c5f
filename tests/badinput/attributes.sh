#!/bin/bash
# SPDX-License-Identifier: MIT
# Mode, owner, extended attributes and file capabilities survive inject and strip.
. "$ROOT/tests/badinput/bad.bash"

d=$TEST_TMP/d
mkdir "$d"
go_program "$TEST_TMP/app"

attributes() { # attributes FILE: one line each
	stat -c 'mode %a owner %u:%g' "$1"
	python3 -c 'import os, sys
for name in sorted(os.listxattr(sys.argv[1])):
    print(name, os.getxattr(sys.argv[1], name).hex())' "$1"
}

keeps() { # keeps NAME: inject, inject again and strip keep what attributes() prints
	local before
	before=$(attributes "$d/$1")
	for command in inject inject strip; do
		run_probes $command "$d/$1"
		[ "$RC" = 0 ] || die "$command $1: exit $RC: $(cat "$TEST_TMP/.err")"
		[ "$(attributes "$d/$1")" = "$before" ] ||
			die "$command $1: $(diff <(echo "$before") <(attributes "$d/$1"))"
	done
	cmp "$d/$1" "$TEST_TMP/app"
	ok "$1 keeps $(echo "$before" | tr '\n' ' ' | cut -c1-90)"
}

for mode in 755 700 555 640 4755 2755 1755; do
	cp "$TEST_TMP/app" "$d/mode-$mode"
	chmod $mode "$d/mode-$mode"
	keeps mode-$mode
done
if [ "$(id -u)" = 0 ]; then
	cp "$TEST_TMP/app" "$d/owner"
	chown 12345:54321 "$d/owner"
	keeps owner
	cp "$TEST_TMP/app" "$d/owner-setuid"
	chown 12345:54321 "$d/owner-setuid"
	chmod 6755 "$d/owner-setuid"
	keeps owner-setuid
else
	echo "skip - owners: only root may give files away"
fi
cp "$TEST_TMP/app" "$d/xattr"
if python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"kept\0\xff")' \
	"$d/xattr"; then
	keeps xattr
else
	echo "skip - user.* attributes: this file system has none"
fi
cp "$TEST_TMP/app" "$d/capable"
if setcap cap_net_bind_service=+ep "$d/capable" 2>/dev/null; then
	keeps capable
	run_probes inject "$d/capable"
	getcap "$d/capable" >"$TEST_TMP/caps"
	expect_match "$TEST_TMP/caps" 'cap_net_bind_service[=+]ep'
else
	echo "skip - file capabilities: setcap does not work here"
fi
