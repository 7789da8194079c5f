# SPDX-License-Identifier: MIT
# What the tests of examples/ share; after tests/lib.sh.
# shellcheck shell=bash

# The recipes find `probes` as their users would, and Go as it is without the caller's flags.
mkdir "$TEST_TMP/bin"
ln -s "$PROBES" "$TEST_TMP/bin/probes"
export PATH=$TEST_TMP/bin:$PATH GOFLAGS='' GOWORK=off GOTOOLCHAIN=local
unset GOOS GOARCH CGO_ENABLED

# recipe NAME [FOLDER]: lays the sample program and the files of examples/NAME into a new folder
# and goes there.
recipe() {
	local folder=$TEST_TMP/${2:-$1}
	mkdir "$folder"
	cp -R "$ROOT/examples/app/." "$folder"
	[ "$1" = app ] || cp -R "$ROOT/examples/$1/." "$folder"
	cd "$folder"
}

# ships FILE VERSION: FILE is the sample program with probes, which answers requests, and its
# version is VERSION. Its probes are listed in $TEST_TMP/listed.
ships() {
	"$PROBES" verify "$1"
	"$PROBES" list "$1" >"$TEST_TMP/listed"
	expect_match "$TEST_TMP/listed" '^net_http:server_request_start[[:space:]]'
	[ "$("$1" -version)" = "greeter $2" ] || die "$1 is not version $2: $("$1" -version)"
	start_server greeter "$1" -listen 127.0.0.1:0
	[ "$(curl -sf "http://$SERVER_ADDR/?name=gopher")" = 'hello, gopher' ] || die "$1 is broken"
	stop_all
}
