#!/bin/bash
# SPDX-License-Identifier: MIT
# configure names the package of a missing library, and goes on without optional features.
. "$ROOT/tests/lib.sh"
cp "$ROOT/configure" .

cat >cc-without-zydis <<'END'
#!/bin/sh
case "$*" in *-lZydis*) exit 1 ;; esac
exec cc "$@"
END
chmod +x cc-without-zydis
CC=./cc-without-zydis expect_exit 1 ./configure
expect_match out '^  libelf +yes$' '^  Zydis, version 4 or later +MISSING$'
[ "$(wc -l <err)" = 1 ] || die "more than one line: $(cat err)"
expect_match err '^configure: Zydis, version 4 or later is missing: .*zydis.*make deps'
[ ! -e config.mk ] || die 'config.mk was written'

CLANG=no-such-clang CC=cc CFLAGS='-O0 -g' expect_exit 0 ./configure --prefix=/opt/here
expect_match out '^  clang with BPF target +no; for BPF programs: '
expect_line config.mk 'HAVE_BPF := 0' 'BINDIR := /opt/here/bin' 'CFLAGS := -O0 -g'

expect_exit 2 ./configure --prefx=/opt
expect_match err "unknown option '--prefx=/opt'"
