#!/bin/bash
# SPDX-License-Identifier: MIT
# An injected file says what the numbers of an enumeration mean; a release whose numbers are
# not known gets none of them; nor does note mode, which has no trampoline to turn them.
. "$ROOT/tests/lib.sh"
need go python3

cat >"$TEST_TMP/main.go" <<'EOP'
package main

type kind uint8

//go:noinline
func work(k kind) int {
	if k == 0 {
		return 0
	}
	return work(k-1) + 1
}

func main() { println(work(kind(len("abc")))) }
EOP
definitions() { # definitions UNTIL
	cat <<EOP
package: main
types: [{name: kind, type: uint8}]
enums:
  - name: kind
    until: "$1"
    values:
      - {value: 0, name: unknown}
      - {value: 1, name: a long one, const: long, raw: "1.18:3"}
probes:
  - name: work
    at: entry
    doc: Work is called.
    stability: experimental
    args: [{name: kind, type: uint8, enum: kind}, {name: other, type: uint8}]
    variants: [{func: main.work, signature: func(k kind) int, values: [k, k]}]
EOP
}
definitions 1.999 >"$TEST_TMP/known.yaml"
definitions 1.18 >"$TEST_TMP/unknown.yaml"
cd "$TEST_TMP"
GOFLAGS='' GOTOOLCHAIN=local go build -o app main.go
"$PROBES" inject -p main:work -d known.yaml -o known app 2>/dev/null
./known 2>/dev/null || die 'the program fails'
"$PROBES" verify known >/dev/null
"$PROBES" list --json known >json
"$PROBES" catalog --json -d known.yaml main:work >catalog
python3 - <<'EOP'
import json

names = [{"value": 0, "name": "unknown"}, {"value": 1, "name": "a long one"}]
probe = json.load(open("json"))["files"][0]["probes"][0]
assert probe["args"][1]["enum"] == names, probe
assert "enum" not in probe["args"][0] and "enum" not in probe["args"][2], probe
assert probe["sites"][0]["operands"][1:] == ["1@%r12b", "1@%al"], probe
catalog = json.load(open("catalog"))
assert catalog["probes"][0]["args"][0]["enum"] == names, catalog["probes"]
raw = [enum["values"][1].get("raw") for enum in catalog["enums"] if enum["name"] == "main.kind"]
assert raw == ["1.18:3"], raw
EOP
ok 'the names are in the file and in the catalogue'

expect_exit 3 "$PROBES" inject -p main:work -d unknown.yaml -o unknown app
expect_match err 'struct layout not known .*: the numbers of main.kind in go1'
ok 'numbers of a later release are refused'

expect_exit 3 "$PROBES" inject --mode note -p main:work -d known.yaml -o note app
expect_match err 'its arguments need a trampoline'
ok 'refused in note mode'
