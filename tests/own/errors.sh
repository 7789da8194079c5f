#!/bin/bash
# SPDX-License-Identifier: MIT
# What is wrong with a directive, or with a definition in a module, is said with its place and
# what to do; what only looks like a directive is none.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"

mkdir -p m/sub
echo 'module example.com/m' >m/go.mod

says() { # says MESSAGE SOURCE: of a file that starts with "package p" and an empty line
	printf 'package p\n\n%b' "$2" >m/sub/p.go
	expect_exit 1 "$PROBES" catalog -d m
	[ "$(cat err)" = "probes: m/sub/p.go:$1" ] || die "got $(cat err) instead of $1"
}

F='func F(a int) {}\n'
says '3:10: probes:entri is no directive; write probes:entry' "//probes:entri x\n$F"
misplaced='the directive stands not directly above a function; move it to the line before "func"'
says "3:1: $misplaced" "//probes:entry x\n\n$F"
says "3:1: $misplaced" '//probes:entry x\nvar v = 1\n'
says "3:1: $misplaced" '//probes:entry x\n'
says "3:11: $misplaced" "var v = 1 //probes:entry x\n$F"
says "4:2: the directive stands above a function literal; name that in probes.yaml" \
	'func G() {\n\t//probes:entry x\n\tfunc() {}()\n}\n'
says '3:15: the probe has no name; write one in snake_case behind the directive'"'"'s word' \
	"//probes:entry\n$F"
says '3:16: "X" is no name for a probe; write it in snake_case (a-z, 0-9, _)' \
	"//probes:entry X\n$F"
says '3:20: a name should follow at the end; a value is a parameter or result, its '\
'fields, len(x) or errtext(err)' "//probes:entry x a.\n$F"
says '3:18: what is this argument called? Write name=1, the name in snake_case' \
	"//probes:entry x 1\n$F"
says '3:20: a second argument of this name; write name=b.a' "//probes:entry x a b.a\n$F"
says '3:18: a second argument of this name; write name=g.goid' "//probes:entry x g.goid\n$F"
says '3:19: nothing follows probes:noinline; take this away' \
	"//probes:noinline F\n//probes:entry x\n$F"
says '3:18: the function has no probe; put //probes:entry or //probes:return beside it' \
	"//probes:noinline\n$F"
says '3:19: "a-b" is no provider; write a name of letters, digits and _' \
	"//probes:provider a-b\n$F"
says '4:19: the package has the provider a already; take one of the two away' \
	"//probes:provider a\n//probes:provider b\n$F"
says '4:1: the standard library has a probe net_http:server_request_start already; give this '\
'one another name or provider' "//probes:provider net_http\n//probes:entry server_request_start\n$F"
says '6:16: m/sub/p.go:3 has a probe of this name with other arguments; give this one '\
'another name' \
	"//probes:entry x a\n$F\n//probes:entry x b=a\nfunc G(a int) {}\n"
ok 'each mistake in a directive has its place and what to do'

printf 'package p\n\n//probes:entry x a\n%b' "$F" >m/sub/p.go
printf 'probes:\n- {name: x, at: entry, func: F}\n' >m/sub/probes.yaml
expect_exit 1 "$PROBES" catalog -d m
expect_line err 'probes: m/sub/p.go:3:1: a second probe example_com_m_sub:x; the first is at '\
'm/sub/probes.yaml:2, so give this one another name'
printf 'probes:\n- {name: y, at: entry, func: F, values: [1]}\n' >m/sub/probes.yaml
expect_exit 1 "$PROBES" catalog -d m
expect_line err 'probes: m/sub/probes.yaml:2:42: what is this argument called? Write name=1, '\
'the name in snake_case'
printf 'probes:\n- {name: y, at: entry, func: F, values: [a.], signature: func()}\n' \
	>m/sub/probes.yaml
expect_exit 1 "$PROBES" catalog -d m
expect_match err '^probes: m/sub/probes\.yaml:2:4[0-9]: a name should follow at the end'
rm m/sub/probes.yaml
mkdir bare
expect_exit 1 "$PROBES" catalog -d bare
expect_line err 'probes: bare: no go.mod in this folder or above it; name a folder of a Go '\
'module, or a file of definitions'
echo '// nothing' >bare/go.mod
expect_exit 1 "$PROBES" catalog -d bare
expect_line err 'probes: bare/go.mod:1:1: no line "module PATH"; `go mod init` writes one'
ok 'so has each in a definition file, or in the module'

# None of these is a directive of the module; the last two are, whatever surrounds them.
mkdir -p m/vendor/v m/testdata m/_x m/.x m/inner
for dir in vendor/v testdata _x .x inner; do
	printf 'package p\n//probes:wrong\n' >"m/$dir/p.go"
done
echo 'module example.com/inner' >m/inner/go.mod
printf 'package p\n//probes:wrong\n' >m/sub/_p.go
printf '//go:build ignore\n\npackage main\n//probes:entry q\nfunc main() {}\n' >m/sub/gen.go
printf '// //probes:entry a\npackage /* //probes:wrong\n//probes:wrong */ p\n\n
var s = "//probes:wrong" + `\n//probes:wrong\n` + "\\"//probes:wrong"
var r = \x27"\x27 //nolint //probes:wrong
// probes:entry a\n\n/*\n//probes:wrong\n*/
//probes:entry one a.b  two=len( c )\t errtext(err)\r
// more about it
//probes:noinline\n//go:noinline
func /* of */ (c /* it */ *T[ K, V ]) One(a, b int) {}\n
//probes:return two header(line, "x-id")
func Two [K interface{ ~[]byte }](k K) {}\n
//probes:entry three
func (t U) Three() {}\n' >m/sub/p.go
"$PROBES" catalog -d m 'example_com_*' | cut -f 1,3- >catalog
cat >want <<'END'
example_com_m_sub:one	entry	example.com/m/sub.(*T[...]).One	goid uint64, b ?, two ?, err_text ?
example_com_m_sub:three	entry	example.com/m/sub.U.Three	goid uint64
example_com_m_sub:two	return	example.com/m/sub.Two[...]	goid uint64, x_id ?
END
diff want catalog >&2 || die 'other definitions than the module has'
(cd m/sub && "$PROBES" catalog -d . 'example_com_*') | cut -f 1,3- | diff want - >&2 ||
	die 'from within'
ok 'strings, comments and folders that Go leaves out hold no directives'

# What lies about in a module's folders, and is no source of anything that is built.
mkdir -p odd/below odd/closed
printf 'module(\n\texample.com/odd\n)\n' >odd/go.mod # one way to write it
printf 'package p\n\n//probes:entry found a\n%b' "$F" >odd/p.go
ln -s nowhere odd/below/a.go
ln -s .. odd/below/b.go
ln -s . odd/below/loop
mkfifo odd/below/c.go
chmod 0 odd/closed
timeout 20 "$PROBES" catalog -d odd >list || die "odd files in a module: exit code $?"
expect_match list '^example_com_odd:found'
chmod 755 odd/closed
ok 'links to nowhere, pipes and closed folders in a module'
