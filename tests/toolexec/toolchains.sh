#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# The oldest and the newest toolchain: build, cache, build ids, strip.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
program app
sed -i 's/any(os.Args\[1:\])/os.Args[1:]/' app/main.go
cd app
GO_VERSIONS=${GO_VERSIONS:-} "$ROOT/tests/toolchains.sh" | sort -V | sed -n '1p;$p' >toolchains
while read -r version GO; do
	rm -f app
	go build -o app "$TOOLEXEC" .
	probed app
	[ "$(./app a b)" = "ran [a b]" ] || die "$version: does not run"
	[ "$(go version -m app | sed -n '1s/.*: //p')" = "$version" ] || die "$version: go version"
	before=$(identity app)
	go build -o app "$TOOLEXEC" .
	[ "$(identity app)" = "$before" ] || die "$version: a second build links again"
	go build -o plain .
	"$PROBES" strip -o stripped app
	python3 "$ROOT/tests/toolexec/ids.py" stripped plain "$(go tool buildid app)" \
		"$(go tool buildid plain)" || die "$version: strip"
	go vet "$TOOLEXEC" . || die "$version: go vet"
	ok "$version"
done <toolchains
