#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# What a module's definitions do to its programs: the other package main, one without DWARF, one
# that is not optimised, one that is tested, one built from files.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/own/own.bash"
need go python3
need_bpf

own_build "$TEST_TMP/plain" go
own_build "$TEST_TMP/nodwarf" go -ldflags=-w
own_build "$TEST_TMP/slow" go '-gcflags=-N -l'

# Each program has the probes of its own package main, although both are called main:job.
(cd own && GOFLAGS='' go build -buildvcs=false -o "$TEST_TMP/second" ./cmd/second)
"$PROBES" inject -d own second 2>report
"$PROBES" list second 'main:*' 'shop:*' >list
printf 'main:job\t1\tgoid uint64, other int\nmain:only_second\t1\tgoid uint64\n' | diff - list ||
	die 'the second program has other probes than its own'
! grep refused report || die 'the first program'"'"'s definitions are reported for the second'
"$PROBES" trace --json second 'main:*' -- ./second a b 2>/dev/null |
	sed 's/.*"probe"/"probe"/' >events
printf '%s\n' '"probe":"main:job","args":{"other":3}}' '"probe":"main:only_second","args":{}}' |
	diff - events || die 'the second program'"'"'s events'
ok 'two programs of a module have each its own main probes'

# Without DWARF nothing tells the types; a signature does.
why='^  refused shop:walk: its types are not known: no DWARF, and no signature: build without '
"$PROBES" inject -d own nodwarf 2>report
expect_match report \
	"$why"'-ldflags=-s and -w and strip the program later, or build it with -toolexec='
"$PROBES" list nodwarf 'shop:*' >list || true
[ ! -s list ] || die "probes without types: $(cat list)"
"$PROBES" strip nodwarf
cat >signed.yaml <<'END'
package: example.com/own.d/shop
provider: signed
types:
  - {name: Money, type: "struct{Cents int64; Currency string; Rate float64; Flag bool}"}
  - {name: Pricer, type: "interface{...}"}
  - {name: State, type: uint8}
probes:
  - name: total
    at: entry
    func: Money.Total
    signature: "func(m Money, p Pricer, s State) (sum int64, ok bool)"
    values: [m.Currency, m.Flag, s]
    args: [{name: currency, type: string}, {name: flag, type: bool}, {name: s, type: uint8}]
END
"$PROBES" inject -p 'signed:*' -d signed.yaml nodwarf 2>report
echo | "$PROBES" trace --json nodwarf 'signed:*' -- ./nodwarf truth 2>/dev/null |
	sed 's/.*"args"//' >events
printf ':{"currency":"CHF","flag":%s,"s":%d}}\n' true 1 false 2 false 3 | diff - events ||
	die 'a probe with a signature in a program without DWARF'
ok 'without DWARF a probe says what to do; one with a signature needs none'

# Code that is not optimised spills its arguments first thing.
"$PROBES" inject -d own slow 2>report
own_trace ./slow
ok "not optimised: $(cat compared)"

# What a function literal has captured, where DWARF tells it (Go 1.23 and later).
cat >captured.yaml <<'END'
package: example.com/own.d/shop
provider: captured
probes:
  - {name: literal, at: entry, func: (*Cart).Serve.func1, values: [base, calls, c.User.Name]}
END
"$PROBES" inject -p 'captured:*' -d captured.yaml plain 2>report
echo | "$PROBES" trace --json plain 'captured:*' -- ./plain truth 2>/dev/null |
	sed 's/.*"args"//' >events
for i in 1 2 3; do
	printf ':{"base":%d,"calls":%d,"name":"user%d"}}\n' $((2 * i)) 0 $i $((2 * i)) 1 $i
done | diff - events || die 'what a function literal has captured'
ok 'a literal'"'"'s captured variables, by value and by reference'

# A test's program calls the package by its import path.
printf 'package main\n\nimport (\n\t"os"\n\t"testing"\n\n\t"example.com/own.d/shop"\n)\n
func TestJob(t *testing.T) {\n\tshop.Truth = os.Stderr\n\tjob("tested", nil)\n}\n' \
	>own/main_test.go
(cd own && GOFLAGS='' go test -c -vet=off -o "$TEST_TMP/tested" .)
"$PROBES" inject -d own tested 2>report
"$PROBES" trace --json tested 'main:job' -- ./tested 2>/dev/null | sed 's/.*"probe"/"probe"/' |
	grep probe >events
expect_line events '"probe":"main:job","args":{"name":"tested","parts_len":0}}'
ok 'package main under test'

(cd own && GOFLAGS='' go build -buildvcs=false -o "$TEST_TMP/files" main.go)
"$PROBES" inject -d own files 2>report
expect_match report 'refused main:job: .* built from files, so nothing tells whose package main'
[ -z "$("$PROBES" list files 'main:*' 2>/dev/null)" ] || die 'probes of one of two programs'
ok 'a program built from files gets no probes of a package main that may be another'
