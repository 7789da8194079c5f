# SPDX-License-Identifier: MIT
# Programs with in-place sites: `. "$ROOT/tests/inline/inline.bash"`.
# shellcheck shell=bash
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolchain/compilers.bash"
need go
patched_compiler "$(command -v go)"
# Main alone is compiled by the patched compiler, which no cache keeps apart: that is quick.
cat >"$SWAP" <<'END'
#!/bin/sh
case "$*" in */compile\ *" -p main "*) shift && exec "$COMPILE" "$@" ;; esac
exec "$@"
END
echo 'er *' >"$TEST_TMP/every"

build_sited() { # build_sited OUT DIR [FLAG]...: sites in every function of package main
	local out=$1 dir=$2
	shift 2
	rm -rf "$TEST_TMP/sited-source" && cp -r "$dir" "$TEST_TMP/sited-source"
	echo "// $COMPILE" >>"$TEST_TMP/sited-source/main.go" # no object of another compiler
	GOPROBES_SITES=$TEST_TMP/every build_go "$out" "$TEST_TMP/sited-source" go \
		-toolexec "$SWAP" "$@"
}
