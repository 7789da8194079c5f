#!/bin/bash
# SPDX-License-Identifier: MIT
# slow
# go run, test, test -c, install, vet and generate, builds of several commands, and all the ways
# to say -toolexec, with Go's caches right in each.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
program app
cd app
mkdir -p cmd/second
cat >cmd/second/main.go <<'E2'
package main

import "os"

func main() { os.Stdout.WriteString("second\n") }
E2
# A test that is itself probed: it looks into its own file.
cat >main_test.go <<'E2'
package main

import (
	"bytes"
	"os"
	"testing"
)

func TestProbed(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	probed := bytes.Contains(text, []byte(".note.goprobes"))
	if want := os.Getenv("WANT") != ""; probed != want {
		t.Fatalf("probed %v, want %v", probed, want)
	}
}
E2

WANT=1 go test "$TOOLEXEC" . >out 2>&1 || { cat out >&2; die "go test"; }
grep -c '(cached)' out >/dev/null && die "the first go test comes from the cache"
WANT=1 go test "$TOOLEXEC" . >out 2>&1
expect_match out '^ok .*\(cached\)$'
go test . >out 2>&1 || { cat out >&2; die "go test without the pass has its program"; }
ok "go test"
go test -c "$TOOLEXEC" -o app.test .
probed app.test
WANT=1 ./app.test >/dev/null
WANT=1 go test "$TOOLEXEC" -count=1 -cover . >out 2>&1 || { cat out >&2; die "go test -cover"; }
ok "go test -c, -cover"

cat >run_probed.go <<'E2'
//go:build ignore

package main

import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	path, _ := os.Executable()
	text, _ := os.ReadFile(path)
	fmt.Println(bytes.Contains(text, []byte(".note.goprobes")))
}
E2
ran() { # ran WANT FLAG...: twice, because Go keeps what it ran
	local want=$1 i
	shift
	for i in 1 2; do
		[ "$(go run "$@" run_probed.go)" = "$want" ] || die "go run $*: not $want ($i)"
	done
}
ran true "$TOOLEXEC"
ran false
ran true "$TOOLEXEC"
ok "go run"

GOBIN=$PWD/bin go install "$TOOLEXEC" ./...
probed bin/program
probed bin/second
mkdir several
go build -o several/ "$TOOLEXEC" ./...
probed several/program
probed several/second
cmp several/second bin/second || die "go build and go install differ"
before=$(identity bin/second)
GOBIN=$PWD/bin go install "$TOOLEXEC" ./...
[ "$(identity bin/second)" = "$before" ] || die "go install links again"
GOBIN=$PWD/bin go install ./...
unprobed bin/second
ok "go install, several commands"

ln -s "$PROBES" probes-toolexec # what GOFLAGS of any Go can name
go vet "$TOOLEXEC" . 2>err || { cat err >&2; die "go vet"; }
echo 'package main; import "fmt"; func bad() { fmt.Printf("%d", "text") }' >bad.go
expect_exit 1 go vet "$TOOLEXEC" .
expect_match "$TEST_TMP/err" '%d'
echo '//go:generate go build -o generated .' >bad.go
echo 'package main' >>bad.go
GOFLAGS="-buildvcs=false -toolexec=$PWD/probes-toolexec" go generate .
probed generated
rm bad.go
ok "go vet, go generate"

rm -f out
if [ "$(go_minor)" -ge 20 ]; then # quotes
	GOFLAGS="-buildvcs=false \"$TOOLEXEC\"" go build -o out .
	probed out
	rm out
fi
GOFLAGS="-buildvcs=false -toolexec=$PWD/probes-toolexec" go build -o out .
probed out
rm out
PATH=$PWD:$PATH go build -toolexec="env A=b probes-toolexec" -o out .
probed out
rm out
cat >wrapper <<'E2'
#!/bin/sh
"$PROBES" toolexec "$@"
E2
chmod +x wrapper
go build -toolexec="$PWD/wrapper" -o out .
probed out
go build -n "$TOOLEXEC" -o nothing . >/dev/null 2>&1
[ ! -e nothing ] || die "go build -n builds"
go build "$TOOLEXEC" -o /dev/null .
[ -c /dev/null ] || die "/dev/null is gone"
ok "GOFLAGS, another name, env, a script, -n, -o /dev/null"

# What goes wrong is told as without us.
cat >broken.go <<'E2'
package main

func missing()

func init() { missing() }
E2
touch broken.s
expect_exit 1 go build "$TOOLEXEC" -o out .
expect_match "$TEST_TMP/err" 'relocation target main.missing not defined'
rm broken.go broken.s
echo 'probes: [{' >wrong.yaml
expect_exit 1 go build "$TOOLEXEC -d wrong.yaml" -o out .
expect_match "$TEST_TMP/err" '^probes: wrong.yaml:2:'
expect_exit 1 go build "$TOOLEXEC -p nothing:*" -o out .
expect_match "$TEST_TMP/err" 'no probe matches nothing:\*'
ok "failures"
