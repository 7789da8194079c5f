#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# examples/github-actions: actionlint is content, and the steps of both workflows make programs
# with probes, from a build of `probes` of their own.
. "$ROOT/tests/lib.sh"
need go curl git python3
. "$ROOT/tests/recipes/recipes.bash"
rm "$TEST_TMP/bin/probes" # the workflow brings its own
version=$("$PROBES" --version)
git -C "$ROOT" rev-parse 2>/dev/null || skip 'not in a git repository'
mkdir source # what a push would be, uncommitted changes too
git -C "$ROOT" ls-files -z | tar -C "$ROOT" --null -T - -c | tar -x -C source
git -C source init -q
git -C source add .
git -C source -c user.name=me -c user.email=me@example.com commit -qm 'All of it'
steps() { # steps FILE NAME=VALUE...
	mkdir -p "$TEST_TMP/runner"
	python3 "$ROOT/tests/recipes/workflow.py" "$1" "$TEST_TMP/runner" \
		GOPROBES="file://$TEST_TMP/source" GOPROBES_REF=HEAD "${@:2}"
}

recipe github-actions
steps build.yml arch=amd64
ships dist/greeter 1.2.3
(cd dist && sha256sum -c --quiet SHA256SUMS) || die 'the sums are not those of the files'
[ "$(wc -l <dist/SHA256SUMS)" = 3 ] || die "not three files: $(cat dist/SHA256SUMS)"
sum=$(sha256sum dist/greeter | cut -d' ' -f1)
grep -q "output_digest.*sha256:$sum" dist/greeter.inject.json || die 'the report is of another file'
[ "$("$TEST_TMP/runner/probes/bin/probes" --version)" = "$version" ] || die 'another version'
ok 'build.yml'

recipe github-actions toolexec
sed -i '/name: Build probes/,/GITHUB_PATH/d' toolexec.yml # built already
steps toolexec.yml
ships dist/greeter 1.2.3
ok 'toolexec.yml'
