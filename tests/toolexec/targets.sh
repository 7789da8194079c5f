#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# Builds for other systems and machines, and what cannot have probes otherwise: built without,
# the same bytes as without the pass, and a line says why; with --strict the build fails.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
export CGO_ENABLED=0
cd "$TEST_TMP"
mkdir app
cd app
printf 'module example.com/program\n\ngo 1.18\n' >go.mod
echo 'package main; func main() { println("ran") }' >main.go

without() { # without WHY FLAG...: it cannot have probes, and the build says why
	local why=$1
	shift
	go build -ldflags=-buildid= -o plain "$@" .
	go build -ldflags=-buildid= -o app "$TOOLEXEC" "$@" . 2>err ||
		{ cat err >&2; die "the build fails: $*"; }
	expect_match err "^probes: example.com/program: built without probes: .*$why"
	[ "$(grep -c '^probes:' err)" = 1 ] || die "more than one line: $*"
	cmp app plain || die "not the linker's file: $*"
	expect_exit 1 go build -o strict "$TOOLEXEC --strict" "$@" .
	expect_match "$TEST_TMP/err" "^probes: .*$why"
	[ ! -e strict ] || die "--strict leaves a program"
}

GOARCH=arm64 without 'only linux/amd64'
GOOS=windows without 'only linux/amd64'
ok "other targets"
fits='-p net_http:*'
go build -o app "$TOOLEXEC $fits" . 2>err
expect_match err 'built without probes: .*none of the chosen probes fits'
unprobed app
expect_exit 1 go build -o strict "$TOOLEXEC --strict $fits" .
ok "no probe fits"

# A function that is there, but cannot have the probe: the program is built, but not strictly.
cat >own.yaml <<'E2'
package: runtime
provider: own
probes:
  - name: assembly
    at: entry
    doc: A test.
    stability: experimental
    args: []
    variants:
      - func: runtime.memmove
        signature: func(to, from uintptr, n uintptr)
        values: []
E2
go build -o app "$TOOLEXEC -d own.yaml" . 2>err
sed '/^#/d' err | diff - <(echo 'probes: example.com/program: 1 probe is refused; '\
'`probes list --json` says why') || die "not a line about the refused probe"
probed app
rm app
expect_exit 1 go build -o app "$TOOLEXEC --strict -d own.yaml" .
expect_match "$TEST_TMP/err" 'refused own:assembly:'
[ ! -e app ] || die "--strict leaves a program"
ok "a refused probe"
