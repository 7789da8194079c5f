#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the C source that puts text files into the program: tools/embed.sh FILE... (embed.h).
set -eu
export LC_ALL=C

printf '/* Made by tools/embed.sh. */\n#include "probe/embed.h"\n\n'
n=0
for file; do
	n=$((n + 1))
	printf 'static const char text_%s[] =\n' "$n"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/	/\\t/g' \
		-e 's/^/\t"/' -e 's/$/\\n"/' "$file"
	printf '\t"";\n\n'
done
printf 'const struct embed_file embed_files[] = {\n'
n=0
for file; do
	n=$((n + 1))
	printf '\t{ "%s", text_%s, sizeof(text_%s) - 1 },\n' "$file" "$n" "$n"
done
printf '\t{ 0, 0, 0 },\n};\n'
