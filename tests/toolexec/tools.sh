#!/bin/bash
# SPDX-License-Identifier: MIT
# A tool runs as without us: arguments, input, exit code, signals; and the answers to -V=full
# are those of the tools but for the linker's, which names what decides about probes.
. "$ROOT/tests/lib.sh"
mkdir tools
tool() { # tool NAME: a script of that name, its text on standard input
	{ echo '#!/bin/bash'; cat; } >"tools/$1"
	chmod +x "tools/$1"
}

tool asm <<'E2'
printf '<%s>' "$0" "$@" "$(cat)" "$PWD" "$HOME"
exit 7
E2
expect_exit 7 env HOME=/home/x "$PROBES" toolexec -v -p 'os:*' "$PWD/tools/asm" \
	-p 'a  b' --help '' <<<"input"
expect_line out "<$PWD/tools/asm><-p><a  b><--help><><input><$PWD></home/x>"
[ ! -s err ] || die "says something"
expect_exit 1 "$PROBES" toolexec "$PWD/tools/nothing" -o x
expect_line err "probes: cannot run $PWD/tools/nothing: No such file or directory"
PATH=$PWD/tools:$PATH expect_exit 7 "$PROBES" toolexec asm </dev/null
ok "another tool"

tool compile <<<'echo "compile version go1.99.1 X:something"'
tool vet <<<'echo "vet version go1.99.1 buildID=a/b"'
for name in compile vet; do
	[ "$("$PROBES" toolexec "tools/$name" -V=full)" = "$("tools/$name" -V=full)" ] ||
		die "the answer of $name is another"
done
tool link <<<'[ "$1" = -V=full ] && echo "link version go1.99.1 X:something"'
answer=$("$PROBES" toolexec tools/link -V=full)
[[ $answer =~ ^link\ version\ go1\.99\.1\ X:something\ goprobes=[0-9a-f]{32}$ ]] ||
	die "release: $answer"
[ "$("$PROBES" toolexec -v tools/link -V=full)" = "$answer" ] || die "-v counts"
cp "$PROBES" moved # what it is called, or where it lies, does not count
[ "$(./moved toolexec tools/link -V=full)" = "$answer" ] || die "the program's path counts"
tool link <<<'echo "link version devel go1.99-abc Sat Nov 21 buildID=a/b/c/d"'
answer=$("$PROBES" toolexec tools/link -V=full)
grep -qxE 'link version devel go1\.99-abc Sat Nov 21 buildID=a/b/c/d-goprobes=[0-9a-f]{32}' \
	<<<"$answer" ||
	die "development version: $answer"
tool link <<<'echo "flag provided but not defined" >&2; exit 2'
expect_exit 2 "$PROBES" toolexec tools/link -V=full
[ ! -s out ] || die "an answer for a linker that gave none"
ok "answers to -V=full"

tool link <<'E2'
printf '%s\n' "$@" >args
cat >input
exit 5
E2
expect_exit 5 "$PROBES" toolexec tools/link -o 'an out' -importcfg cfg -s main.a <<<"input"
[ "$(paste -sd, args)" = '-o,an out,-importcfg,cfg,-s,main.a' ] || die "$(paste -sd, args)"
expect_line input 'input'
ok "the linker's arguments, input, exit code"

tool link <<'E2'
trap 'echo TERM >got; exit 9' TERM
echo $$ >pid
while :; do sleep 0.05; done
E2
"$PROBES" toolexec tools/link -o x &
pid=$!
wait_for 10 test -s pid || die "the linker does not start"
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
[ "$code" = 9 ] && [ "$(cat got)" = TERM ] || die "exit $code after SIGTERM"
tool link <<<'kill -KILL $$'
expect_exit 137 "$PROBES" toolexec tools/link -o x
ok "signals"

# A linker that makes what is no program: its file stays.
tool link <<<'echo text >"$2"'
expect_exit 0 "$PROBES" toolexec tools/link -o made -buildid a/b
expect_line made text
expect_match err '^probes: made: built without probes: made: '
tool link <<<':'
expect_exit 0 "$PROBES" toolexec tools/link -o missing
expect_match err '^probes: missing: built without probes: missing: cannot open: No such file'
ok "no program"
