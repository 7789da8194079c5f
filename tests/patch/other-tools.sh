#!/bin/bash
# SPDX-License-Identifier: MIT
# Other tools read a rewritten program as before: readelf, go version, buildid, nm, gdb, strip.
. "$(dirname "$0")/../lib.sh"
need go readelf strip gdb

build_go static "$ROOT/tests/fixtures/hello"
build_go external "$ROOT/tests/fixtures/hello" go -ldflags=-linkmode=external
build_go pie "$ROOT/tests/fixtures/hello" go -buildmode=pie

for kind in static external pie; do
	file=$TEST_TMP/$kind
	go version -m "$file" >"$TEST_TMP/version.before"
	go tool buildid "$file" >"$TEST_TMP/buildid.before"
	"$PROBES" inject "$file"

	readelf -aW "$file" >/dev/null 2>"$TEST_TMP/warnings"
	[ ! -s "$TEST_TMP/warnings" ] || die "$kind: readelf: $(head -1 "$TEST_TMP/warnings")"
	go version -m "$file" | cmp - "$TEST_TMP/version.before"
	go tool buildid "$file" | cmp - "$TEST_TMP/buildid.before"
	go tool nm "$file" >"$TEST_TMP/nm"
	expect_match "$TEST_TMP/nm" ' T net/http\.serverHandler\.ServeHTTP\.entry_probe_0x'
	gdb -nx -batch -ex 'info line main.main' "$file" >"$TEST_TMP/gdb" 2>&1
	expect_match "$TEST_TMP/gdb" 'Line [0-9]+ of .*main.go'
	ok "$kind is read by readelf, go version, buildid, nm and gdb"

	strip -s -o "$file.stripped" "$file"
	"$PROBES" list "$file" >"$TEST_TMP/list"
	"$PROBES" list "$file.stripped" | cmp - "$TEST_TMP/list"
	expect_match "$TEST_TMP/list" '^net_http:server_request_start'
	start_server stripped "$file.stripped"
	stop_all
	ok "$kind keeps its probes through strip -s and runs"
done
