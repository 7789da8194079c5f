#!/bin/bash
# SPDX-License-Identifier: MIT
# Why there is no patched compiler: each reason is one line. What would not be otherwise the next
# time is remembered; what may pass is tried again. GOROOT is never written to. The go command is
# one of ours here, which does what the test says.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/toolchain/compilers.bash"
need go patch
REAL=$(cd / && go env GOROOT)
VERSION=$(go env GOVERSION)
export GOPROBES_CACHE=$TEST_TMP/cache
ROOTED=$TEST_TMP/root

runs() { if [ -e "$ROOTED/runs" ]; then wc -l <"$ROOTED/runs"; else echo 0; fi; }

start() { # start [ACT]: a new cache, a go command that does ACT
	rm -rf "$GOPROBES_CACHE"
	fake_goroot "$ROOTED" "$REAL"
	[ $# = 0 ] || echo "$1" >"$ROOTED/act"
}

fails() { # fails LINE: the last line of the message, with the cache's path left out
	expect_exit 1 "$DUMP" "$ROOTED/pkg/tool/linux_amd64/compile"
	tail -n 1 "$TEST_TMP/err" | sed "s#$GOPROBES_CACHE#CACHE#; s#-[0-9a-f]\{16\}/#-KEY/#" >line
	expect_line line "$1"
}

# remembered WHAT MESSAGE RUNS: the second time, the go command is left alone
remembered() {
	fails "$2"
	fails "$2 (tried before; remove CACHE/compile/$VERSION-KEY/refused to try again)"
	[ "$(runs)" = "$3" ] || die "$1: go was run $(runs) times, not $3"
	rm "$GOPROBES_CACHE"/compile/*/refused
	fails "$2"
	[ -z "$(find "$GOPROBES_CACHE" -name build)" ] || die "$1: litter in the cache"
	ok "remembered: $1"
}

passing() { # passing WHAT MESSAGE: it is tried again, and works then
	fails "$2"
	cat >"$ROOTED/act" <<END
printf '#!/bin/sh\nexec $REAL/pkg/tool/linux_amd64/compile "\$@"\n' >compile && chmod +x compile
END
	"$DUMP" "$ROOTED/pkg/tool/linux_amd64/compile" >path 2>err || die "$1: $(cat err)"
	[ -x "$(cat path)" ] || die "$1: no compiler"
	ok "tried again: $1"
}

start
own_sources "$ROOTED" cmd/internal/obj/x86/obj6.go cmd/compile/internal/inline/inl.go
line=$(grep -n '^@@' "$ROOT/linker-pass/toolchain/go1.21.patch" | sed -n 4p)
at=$(sed -nE 's/^[0-9]+:@@ -([0-9]+).*/\1/p' <<<"$line")
sed -i 's/unequal PUSH/unbalanced PUSH/; s/^\t\tif autoffset != 0 {$/\t\tif autoffset > 0 {/' \
	"$ROOTED/src/cmd/internal/obj/x86/obj6.go"
remembered 'a hunk that fits nowhere' "go1.21.patch:${line%%:*}: hunk 2 of \
src/cmd/internal/obj/x86/obj6.go (line $at there) fits nowhere" 0

start "printf '# cmd/internal/obj/x86\nsrc/a.go:12:3: undefined: newprog\n'; exit 1"
remembered 'sources that Go does not compile' \
	"$ROOTED/bin/go build cmd/compile failed: src/a.go:12:3: undefined: newprog" 1

start "printf '#!/bin/sh\necho compile version go1.99.9\n' >compile; chmod +x compile"
remembered 'a compiler of another version' "the compiler that was built says \"compile version \
go1.99.9\" where Go's own says \"$("$REAL/pkg/tool/linux_amd64/compile" -V=full)\"" 1

# shellcheck disable=SC2016
start 'kill -9 $$'
passing 'a build that was killed' 'a signal (9) ended the build of the compiler'

start "printf '# x\nsrc/a.go:1:1: x\nwrite /tmp/x: no space left on device\n'; exit 1"
passing 'a full disk' \
	"$ROOTED/bin/go build cmd/compile failed: write /tmp/x: no space left on device"

start
rm "$ROOTED/bin/go"
fails "$ROOTED/bin/go: cannot be run: No such file or directory"
start
tool=$ROOTED/pkg/tool/linux_amd64/compile # where the link leads there are sources
rm "$ROOTED/src" "$tool" && cp "$REAL/pkg/tool/linux_amd64/compile" "$tool"
fails "$ROOTED/pkg/tool/linux_amd64/compile: not GOROOT/pkg/tool/OS_ARCH/compile of a Go \
installation with sources (its package may be called golang-src)"
start
(
	unset GOPROBES_CACHE XDG_CACHE_HOME HOME
	expect_exit 1 "$DUMP" "$tool"
	expect_line err 'there is no HOME: set GOPROBES_CACHE to a folder for what probes keeps'"\
 (an absolute path)"
)
ok 'nothing to build from or with'

# A compiler that another user could put there is not run; nor is one built that cannot run.
owner() { # owner MESSAGE: with that cache
	expect_exit 1 "$DUMP" "$tool"
	expect_line err "the cache (GOPROBES_CACHE): $1"
}
(
	mkdir -p "$TEST_TMP/all/compile"
	chmod 777 "$TEST_TMP/all"
	GOPROBES_CACHE=$TEST_TMP/all owner "everybody can write to $TEST_TMP/all: take that right \
away, or name another folder"
	chmod 1777 "$TEST_TMP/all"
	GOPROBES_CACHE=$TEST_TMP/all "$DUMP" "$tool" >path 2>err || die "sticky: $(cat err)"
	GOPROBES_CACHE=$TEST_TMP/a$'\n'b owner 'a newline is in its path'
	if [ "$(id -u)" = 0 ]; then
		chown 65534 "$TEST_TMP/all/compile"
		GOPROBES_CACHE=$TEST_TMP/all owner "$TEST_TMP/all/compile belongs to another user: \
name a folder of your own"
	fi
)
if unshare -m true 2>/dev/null; then
	mkdir -p "$GOPROBES_CACHE"
	# shellcheck disable=SC2016
	expect_exit 1 unshare -m sh -c 'mount -t tmpfs -o noexec none "$GOPROBES_CACHE" && exec "$@"' \
		sh "$DUMP" "$tool"
	expect_match err ': no program can run there \(mounted noexec\): set GOPROBES_CACHE to '
fi
ok 'a folder of others'

# Five that want it at once: one builds. What a killed one left does not stand in the way.
start "sleep 0.5; $(cat "$ROOTED/act")"
"$DUMP" "$ROOTED/pkg/tool/linux_amd64/compile" >path 2>err
folder=$(dirname "$(cat path)")
rm "$folder/compile" "$ROOTED/runs"
mkdir -p "$folder/build/src" && echo half >"$folder/build/compile"
for _ in 1 2 3 4 5; do
	"$DUMP" "$ROOTED/pkg/tool/linux_amd64/compile" >>paths 2>>errs &
done
wait
[ "$(runs)" = 1 ] || die "built $(runs) times"
[ "$(sort -u paths)" = "$(cat path)" ] && [ "$(wc -l <paths)" = 5 ] || die "$(cat paths errs)"
[ "$(cd "$folder" && ls | xargs)" = 'compile lock' ] || die "litter: $(ls "$folder")"
ok 'parallel builds build once'

# A toolchain with the patch in it, as apply.sh makes them, needs no other compiler.
start 'exit 1'
own_sources "$ROOTED" cmd/internal/obj/x86/obj6.go cmd/compile/internal/inline/inl.go
(cd "$ROOTED" && patch -s -p1 <"$ROOT/linker-pass/toolchain/go1.21.patch")
rm "$ROOTED/pkg/tool/linux_amd64/compile"
cat "$REAL/pkg/tool/linux_amd64/compile" - <<<'GOPROBES_SITES' \
	>"$ROOTED/pkg/tool/linux_amd64/compile"
chmod +x "$ROOTED/pkg/tool/linux_amd64/compile"
"$DUMP" "$ROOTED/pkg/tool/linux_amd64/compile" >path
[ "$(readlink "$(cat path)")" = "$ROOTED/pkg/tool/linux_amd64/compile" ] || die 'another compiler'
echo '// changed' >>"$ROOTED/src/cmd/internal/obj/x86/probesites.go"
rm -r "$GOPROBES_CACHE"
fails "$ROOTED/src/cmd/compile/internal/inline/probesites.go is there already: this Go has \
another version of the patch"
[ "$(runs)" = 0 ] || die 'built although it is there'
ok 'a patched toolchain is taken as it is'
