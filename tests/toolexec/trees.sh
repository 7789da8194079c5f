#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# Vendored packages and workspaces; with -trimpath the same bytes from two folders, also from
# builds at the same time.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"

library() { # library DIR: a module that the program of app_of() uses
	mkdir -p "$1"
	printf 'module example.com/library\n\ngo 1.18\n' >"$1/go.mod"
	echo 'package library; func Name() string { return "library" }' >"$1/library.go"
}
app_of() { # app_of DIR
	program "$1"
	cat >"$1/main.go" <<-'EOF'
		package main

		import "example.com/library"

		func main() { println(library.Name()) }
	EOF
}

app_of vendored
cd vendored
printf '\nrequire example.com/library v1.0.0\n' >>go.mod
library vendor/example.com/library
printf '# example.com/library v1.0.0\n## explicit; go 1.18\nexample.com/library\n' \
	>vendor/modules.txt
go build "$TOOLEXEC" -o out .
probed out
[ "$(./out 2>&1)" = library ] || die "the vendored program does not run"
ok "vendoring"

cd "$TEST_TMP"
mkdir work
app_of work/app
library work/library
printf 'go 1.18\n\nuse (\n\t./app\n\t./library\n)\n' >work/go.work
cd work
GOWORK='' go build "$TOOLEXEC" -o out ./app
probed out
[ "$(./out 2>&1)" = library ] || die "the program of a workspace does not run"
before=$(identity out)
GOWORK='' go build "$TOOLEXEC" -o out ./app
[ "$(identity out)" = "$before" ] || die "a workspace links again"
ok "workspace"

cd "$TEST_TMP"
for folder in one two/deeper; do
	program "$folder"
	(cd "$folder" && go build -trimpath "$TOOLEXEC" -o out .) &
done
wait
probed one/out
probed two/deeper/out
cmp one/out two/deeper/out || die "-trimpath builds in two folders differ"
ok "-trimpath in two folders"
cp one/out first
for i in 1 2 3; do
	(cd one && go build -trimpath "$TOOLEXEC" -o "again$i" .) &
done
wait
for i in 1 2 3; do cmp first "one/again$i" || die "build $i differs"; done
ok "three at the same time"
