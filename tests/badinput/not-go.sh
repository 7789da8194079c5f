#!/bin/bash
# SPDX-License-Identifier: MIT
# ELF files that are no Go program of Go 1.18 or newer are refused with one line.
. "$ROOT/tests/badinput/bad.bash"
need cc

d=$TEST_TMP/d
mkdir "$d"
echo 'int main(void) { return 0; }' >"$TEST_TMP/c.c"
cc -o "$d/c-program" "$TEST_TMP/c.c"
cc -static -o "$d/c-static" "$TEST_TMP/c.c" 2>/dev/null || cp "$d/c-program" "$d/c-static"
cc -c -o "$d/c-object.o" "$TEST_TMP/c.c"
cc -shared -fPIC -o "$d/c-library.so" "$TEST_TMP/c.c"
for file in c-program c-static c-object.o c-library.so; do
	refused "$d" "$file" '[Gg]o|segment|executable'
done

go_program "$d/go-old"
mutate go-version "$d/go-old" 17
refused "$d" go-old '1\.17.*1\.18|1\.18.*1\.17'
old=$(GOENV=off GOFLAGS='' GOTOOLCHAIN=go1.17.13 timeout 200 go env GOVERSION 2>/dev/null) || old=''
if [ "$old" = go1.17.13 ]; then
	printf 'module old\n\ngo 1.17\n' >"$TEST_TMP/.program/go.mod"
	(cd "$TEST_TMP/.program" && GOENV=off GOFLAGS='' GOTOOLCHAIN=go1.17.13 \
		go build -o "$d/go1.17.13" .)
	refused "$d" go1.17.13 '1\.18'
else
	echo "skip - a real Go 1.17 program: toolchain go1.17.13 cannot be had"
fi
