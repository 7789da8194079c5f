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

# fake_goroot DIR REAL: a GOROOT of links into the one at REAL, whose bin/go builds nothing. What
# it does when it is asked to is the script DIR/act; what it was asked is left in DIR: runs has a
# line for each time, args and env what it got, and the folder work what it found to build from.
fake_goroot() {
	local dir=$1 real=$2 name
	rm -rf "$dir" && mkdir -p "$dir/bin" "$dir/pkg/tool/linux_amd64"
	for name in src VERSION; do ln -s "$real/$name" "$dir/$name"; done
	ln -s "$real/pkg/tool/linux_amd64/compile" "$dir/pkg/tool/linux_amd64/compile"
	cat >"$dir/bin/go" <<END
#!/bin/sh
echo run >>$dir/runs
printf '%s\n' "\$@" >$dir/args
env | sort >$dir/env
rm -rf $dir/work && cp -r . $dir/work
. $dir/act
END
	cat >"$dir/act" <<END
printf '#!/bin/sh\nexec $dir/pkg/tool/linux_amd64/compile "\$@"\n' >compile && chmod +x compile
END
	chmod +x "$dir/bin/go"
}

own_sources() { # own_sources DIR FILE...: these, below src, are copies that may be changed
	local dir=$1 real file
	real=$(readlink "$dir/src")
	rm "$dir/src"
	shift
	mkdir -p "$dir/src/cmd/compile"
	for file; do
		install -D -m 644 "$real/$file" "$dir/src/$file"
	done
}
