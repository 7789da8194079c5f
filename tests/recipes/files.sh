#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# The commands in the files of examples/ for Docker, GoReleaser, ko and Bazel, run without these:
# they give a program for amd64 its probes, and let one for arm64 pass.
. "$ROOT/tests/lib.sh"
need go curl python3
. "$ROOT/tests/recipes/recipes.bash"
commands() { python3 "$ROOT/tests/recipes/commands.py" "$@"; }

recipe docker
for file in Dockerfile Dockerfile.toolexec; do
	rm -rf "$TEST_TMP/made"
	commands docker $file amd64 | grep -v 'apt-get' | sed "s|/out/|$TEST_TMP/made/|g" >run
	[ "$(grep -c 'probes' run)" -gt 0 ] || die "$file runs no probes"
	TARGETOS=linux TARGETARCH=amd64 VERSION=1.2.3 MODE=detour bash -eu run
	ships "$TEST_TMP/made/greeter" 1.2.3
	ok "docker/$file"
done
plain=$TEST_TMP/plain
"$PROBES" strip -o "$plain" "$TEST_TMP/made/greeter"
echo 'for another machine' >"$TEST_TMP/other"

recipe goreleaser
export plain program=$PWD/program
cp "$plain" program
commands goreleaser .goreleaser.yaml amd64 >run
bash -eu run
[ "$(stat -c %Y program)" = 1700000000 ] || die 'the time stamp is not that of the commit'
ships "$program" 1.2.3
commands goreleaser .goreleaser.yaml arm64 >run
cp "$TEST_TMP/other" program
bash -eu run
cmp program "$TEST_TMP/other" || die 'another machine: changed'
ok 'goreleaser'

recipe bazel
chmod 555 "$plain" # as Bazel leaves what it made
program=$PWD/bazel-program
commands bazel BUILD.bazel amd64 >run
bash -eu run
ships "$program" 1.2.3
rm -f "$program"
commands bazel BUILD.bazel arm64 >run
plain=$TEST_TMP/other bash -eu run
cmp "$program" "$TEST_TMP/other" || die 'another machine: changed'
ok 'bazel'

recipe ko
[ "$(./probes-go version)" = "$(go version)" ] || die 'probes-go is no go'
GOOS=linux GOARCH=amd64 CGO_ENABLED=0 ./probes-go build -trimpath \
	-ldflags='-s -w -X main.Version=1.2.3' -o app . 2>err
ships ./app 1.2.3
printf '#!/bin/sh\ncp "$plain" app\n' >"$TEST_TMP/bin/go"
chmod +x "$TEST_TMP/bin/go"
plain=$TEST_TMP/other GOOS=linux GOARCH=arm64 ./probes-go build -o app .
cmp app "$TEST_TMP/other" || die 'another machine: changed'
printf '#!/bin/sh\nexit 3\n' >"$TEST_TMP/bin/go"
expect_exit 3 ./probes-go build -o app .
ok 'ko'
