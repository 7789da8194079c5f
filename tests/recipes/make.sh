#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# examples/make: the program that make leaves has its probes; one that was refused is not left.
. "$ROOT/tests/lib.sh"
need go curl
. "$ROOT/tests/recipes/recipes.bash"

recipe make
make -s all check ARCHES=amd64 VERSION=1.2.3
ships dist/greeter-linux-amd64 1.2.3
(cd dist && sha256sum -c --quiet SHA256SUMS) || die 'the sums are not those of the files'
grep -q '"net_http"' dist/greeter-linux-amd64.probes.json || die 'no probes in the JSON list'
make -q ARCHES=amd64 || die 'make finds more to do'
mv "$TEST_TMP/listed" "$TEST_TMP/injected"
ok 'inject'

make -nB ARCHES='amd64 arm64' all >"$TEST_TMP/commands"
[ "$(grep -c 'probes inject' "$TEST_TMP/commands")" = 1 ] || die 'not exactly one inject'
[ "$(grep -c 'GOARCH=.* go build' "$TEST_TMP/commands")" = 2 ] || die 'not two builds'
ok 'other machines are left alone'

printf '#!/bin/sh\nexit 4\n' >"$TEST_TMP/refuses"
chmod +x "$TEST_TMP/refuses"
touch main.go
! make -s ARCHES=amd64 PROBES="$TEST_TMP/refuses" 2>/dev/null || die 'refused, but make went on'
[ ! -e dist/greeter-linux-amd64 ] || die 'a program without its probes was left behind'
ok 'what is refused is not left behind'

make -s clean
make -s -f toolexec.mk all check ARCHES=amd64 VERSION=1.2.3
ships dist/greeter-linux-amd64 1.2.3
cmp "$TEST_TMP/listed" "$TEST_TMP/injected" || die 'toolexec and inject give other probes'
(cd dist && sha256sum -c --quiet SHA256SUMS) || die 'the sums are not those of the files'
ok 'toolexec'
