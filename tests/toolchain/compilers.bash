# SPDX-License-Identifier: MIT
# Builds with the patched compiler: `. "$ROOT/tests/toolchain/compilers.bash"`.
# shellcheck shell=bash
export GOENV=off GOFLAGS= GOWORK=off GOTOOLCHAIN=local
unset GOPROBES_SITES
DUMP=${UNIT:-$ROOT/build/tests}/dump_compiler

# patched_compiler GO: builds the compiler of GO where the cache has none. Sets COMPILE, and
# SWAP, a program for -toolexec that runs it instead of GO's own.
patched_compiler() {
	local root
	root=$(cd / && "$1" env GOROOT)
	COMPILE=$("$DUMP" "$root/pkg/tool/linux_amd64/compile" 2>"$TEST_TMP/compiler.err") ||
		die "$(tail -n 1 "$TEST_TMP/compiler.err")"
	export COMPILE
	SWAP=$TEST_TMP/swap
	cat >"$SWAP" <<'END'
#!/bin/sh
case $1 in */compile) shift && exec "$COMPILE" "$@" ;; esac
exec "$@"
END
	chmod +x "$SWAP"
}
