#!/bin/bash
# SPDX-License-Identifier: MIT
# Definitions with a condition ("when:") and without a goroutine id ("goid: none").
. "$(dirname "$0")/../lib.sh"
need go python3 objcopy
build_go app "$ROOT/tests/fixtures/hello" go

definition() { # definition WHEN
	cat <<-END
	package: net
	goid: none
	probes:
	  - name: odd
	    at: entry
	    doc: d
	    stability: experimental
	    args: [{name: ln, type: uintptr}]
	    variants:
	      - func: net.(*TCPListener).accept
	        signature: "func(ln *TCPListener) (c *TCPConn, err error)"
	        when: $1
	        values: [ln]
	END
}

definition 'ln != nil' >fine.yaml
"$PROBES" inject -d fine.yaml -p net:odd -o probed app 2>inject.log
"$PROBES" verify probed >verify.log
"$PROBES" list probed >rows
expect_line rows "$(printf 'net:odd\t1\tln uintptr')"
"$PROBES" list --json probed | python3 -c '
import json, sys
probe, = json.load(sys.stdin)["files"][0]["probes"]
assert [arg["name"] for arg in probe["args"]] == ["ln"], probe
assert probe["sites"][0]["operands"] == ["8@%rax"], probe'
"$PROBES" strip -o stripped probed 2>strip.log
cmp app stripped
ok 'one word, no goroutine id; taken out again'

expect_exit 3 "$PROBES" inject --mode note -d fine.yaml -p net:odd -o noted app
expect_match err 'its arguments need a trampoline: note mode'
ok 'note mode refuses it'

definition 'ln.fd != nil' >memory.yaml
expect_exit 1 "$PROBES" inject -d memory.yaml -p net:odd -o never app
expect_match err 'memory\.yaml:12:15: only a pointer or interface in a register'
definition 'err != nil' >result.yaml
expect_exit 1 "$PROBES" catalog -d result.yaml
expect_match err 'result\.yaml:12:15: "err" is a result: it has no value yet'
ok 'conditions that cannot be tested are errors with their place'

zeros() { # zeros DEFINITION: no more than one block of 16, in front
	"$PROBES" inject -d "$1" -p net:odd -o probed app 2>inject.log
	objcopy -O binary --only-section=.goprobes.text probed text
	python3 -c '
text = open("text", "rb").read()
assert text[:16] == bytes(16) != text[16:32], text[:64].hex()'
}
definition 'ln != nil' | sed 's/values: .*/values: [ln.fd.pfd.fdmu.state]/
	s/ type: uintptr/ type: uint64/' >nil.yaml
zeros nil.yaml
sed 's/values: ./&0x10000000000, /; s/args: ./&{name: big, type: uint64}, /' nil.yaml >big.yaml
zeros big.yaml
ok 'what stands for nil is zeros, and no more than are read'

sed 's/when: .*/nosplit: true/' nil.yaml >nosplit.yaml
expect_exit 1 "$PROBES" inject -d nosplit.yaml -p net:odd -o never app
expect_match err 'nosplit\.yaml:10: what takes a trampoline.s work cannot be had'
sed 's/values: .*/values: [ln]/' nosplit.yaml >plain.yaml
"$PROBES" inject -d plain.yaml -p net:odd -o probed app 2>inject.log
ok 'where there may be no goroutine nothing is loaded'
