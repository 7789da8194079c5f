#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# The recipes install what ./configure asks for, page and files agree, and linters are content.
. "$ROOT/tests/lib.sh"
need python3
cd "$ROOT"
sed -nE "s/^required '[^']*' ([a-z0-9.-]+) .*/\1/p; s/^required \"[^\"]*\" ([a-z0-9.-]+) .*/\1/p" \
	configure >"$TEST_TMP/required"
[ "$(wc -l <"$TEST_TMP/required")" -ge 8 ] || die 'configure does not say what it requires'
for file in examples/github-actions/*.yml deploy/Dockerfile; do
	while read -r package; do
		grep -qw -e "$package" "$file" || die "$file does not install $package"
	done <"$TEST_TMP/required"
done
ok 'packages'

find examples -type f | sort >"$TEST_TMP/files"
while read -r file; do
	[ "${file#examples/app/}" = "$file" ] || continue
	grep -qF -e "](../$file)" docs/pipelines.md || die "docs/pipelines.md has no link to $file"
done <"$TEST_TMP/files"
grep -oE '\]\(\.\./[^)#]+' docs/pipelines.md | cut -c6- | while read -r file; do
	[ -e "$file" ] || die "docs/pipelines.md: no $file"
done
ok 'docs/pipelines.md'
