#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# Go's build cache is right: a second build does nothing, what decides about probes links
# again, a build without the pass is one without probes, and packages are compiled once.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
program app
cd app
definition() { # definition NAME: a probe of that name in own.yaml
	cat >own.yaml <<-EOF
		package: os
		provider: own
		probes:
		  - name: $1
		    at: entry
		    doc: A test.
		    stability: experimental
		    args: []
		    variants:
		      - func: os.(*File).Write
		        signature: func(f *File, b []byte) (n int, err error)
		        values: []
	EOF
}
build() { # build FLAG...: notes whether something was compiled or linked
	go build -x -o app "$@" . 2>log || { cat log >&2; die "no build: $*"; }
	compiled=$(grep -cE '/compile -o' log || true) linked=$(grep -cE '/link -o' log || true)
}
relinked() { # relinked WHAT: this build has linked, and compiled nothing
	[ "$compiled $linked" = '0 1' ] || die "$1: $compiled compiled, $linked linked"
	ok "$1 links again, compiles nothing"
}

build
unprobed app
build "$TOOLEXEC"
relinked "the pass"
probed app
before=$(identity app)
build "$TOOLEXEC"
[ "$linked" = 0 ] && [ "$(identity app)" = "$before" ] || die "a second build linked again"
ok "a second build does nothing"
build
relinked "no pass"
unprobed app
build "$TOOLEXEC -v"
relinked "the pass again"
probed app
build "$TOOLEXEC --mode note"
relinked "--mode note"
"$PROBES" list --json app | grep -c '"note' >/dev/null || die "no site of --mode note"
build "$TOOLEXEC -p os:*"
relinked "-p"
expect_exit 3 "$PROBES" list app 'runtime:*'
build "$TOOLEXEC --strict -p runtime:goroutine_create"
relinked "--strict"
definition one
build "$TOOLEXEC -d own.yaml"
relinked "-d"
"$PROBES" list app 'own:*' >list
expect_match list '^own:one[[:space:]]'
definition two
build "$TOOLEXEC -d own.yaml"
relinked "another definition in the same file"
"$PROBES" list app 'own:*' >list
expect_match list '^own:two[[:space:]]'
build "$TOOLEXEC -d own.yaml"
[ "$linked" = 0 ] || die "the same definition linked again"

