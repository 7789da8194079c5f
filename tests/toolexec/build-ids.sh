#!/bin/bash
# SPDX-License-Identifier: MIT
# Build ids are right where Go and readelf look for them; and without the pass the same
# bytes come out as with the pass and `probes strip`, but for the ids themselves.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
need readelf
program app
cd app

# The Go build id in the note that program headers point to, in hexadecimal.
note_id() { readelf -nW "$1" 2>/dev/null | sed -nE '/^  Go  /s/.*data: //p' | sort -u; }

check() { # check NAME LDFLAGS [FLAG]...
	local name=$1 ldflags=$2 id
	shift 2
	go build -o plain -ldflags="$ldflags" "$@" .
	go build -o app -ldflags="$ldflags" "$TOOLEXEC" "$@" .
	probed app
	[ "$(./app a b)" = "ran [a b]" ] || die "$name: the program does not run"
	id=$(go tool buildid app)
	[ "$(note_id app)" = "$(printf %s "$id" | od -An -v -tx1 -w999 | sed 's/^ //') " ] ||
		die "$name: $(note_id app) in the note, $id in Go's eyes"
	[ "$(go version -m app | sed 1d)" = "$(go version -m plain | sed 1d)" ] ||
		die "$name: go version -m differs"
	"$PROBES" strip -o stripped app
	[ "$(go tool buildid stripped)" = "$id" ] || die "$name: strip has another build id"
	python3 "$ROOT/tests/toolexec/ids.py" stripped plain "$id" "$(go tool buildid plain)" ||
		die "$name: the pass and strip are not the build without it"
	ok "$name: ids are right, and nothing but ids differs"
	"$PROBES" inject -p 'runtime:goroutine_*' app 2>/dev/null
	probed app
	"$PROBES" strip app
	cmp app stripped || die "$name: injecting again and strip do not give the same"
	ok "$name: injected again"

	go build -o plain -ldflags="-buildid= $ldflags" "$@" .
	go build -o app -ldflags="-buildid= $ldflags" "$TOOLEXEC" "$@" .
	probed app
	"$PROBES" strip app
	cmp app plain || die "$name: without a build id strip is not the build without the pass"
	ok "$name: byte-identical without a build id"
}

check "internal linking" ""
check "no symbols" "-s -w"
command -v gcc >/dev/null || exit 0
# ld leaves no room behind the program headers: the notes there make way.
check "external linking" "-linkmode=external"
check "static, external linking" "-linkmode=external -extldflags=-static"
