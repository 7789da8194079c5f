#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# doctor says what is missing, for the machine (as root, with two capabilities, with fewer,
# behind a seccomp filter, in a user namespace) and for a file and a process.
# shellcheck disable=SC2046 # nobody's words
. "$ROOT/tests/lib.sh"
need_bpf
need setpriv unshare python3
chmod 711 "$TEST_TMP"
cp "$PROBES" probes
probes=$TEST_TMP/probes

# nobody CAPABILITIES: what runs a command as nobody with "+bpf,+perfmon", or with -all
nobody() {
	echo setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "$1" --ambient-caps "$1"
}

failed() { # failed NAME...: these checks of the last output have failed, and no others
	local want
	want=$(printf '%s\n' "$@")
	[ "$(sed -nE 's/^  FAIL  (.*[^ ])   .*/\1/p' out | sed -E 's/  +.*//')" = "$want" ] && return
	cat out
	die "other checks have failed than: $*"
}

expect_exit 0 "$probes" doctor
grep -q '^  ok    uprobe_multi' out || skip 'this kernel has no uprobe_multi links (Linux 6.6)'
expect_line out 'probes trace works here'
expect_match out '^  ok    uprobe_multi  +attached, hit, counted$' \
	'^  ok    giving privileges up  +works; open maps stay readable$'
ok 'works as root'

expect_exit 0 $(nobody +bpf,+perfmon) "$probes" doctor
expect_match out '^  note  perf uprobes  +no permission$' '^  ok    uprobe_multi  +attached'
expect_exit 1 $(nobody +perfmon) "$probes" doctor
expect_match out '^  FAIL  CAP_BPF  +missing \(user 65534\)$' '^  ok    CAP_PERFMON  +held$' \
	"fix: sudo, or once: sudo setcap cap_bpf,cap_perfmon=ep $probes\$"
expect_exit 1 $(nobody +bpf) "$probes" doctor
failed programs CAP_PERFMON
expect_exit 1 $(nobody -all) "$probes" doctor
failed maps 'ring buffer' programs CAP_BPF CAP_PERFMON
ok 'two capabilities are enough; one that is missing is named'

expect_exit 1 python3 "$ROOT/tests/trace/without_bpf.py" "$probes" doctor
failed 'bpf(2)' maps 'ring buffer' programs
expect_match out '^  note  seccomp  +a filter is on$' 'security-opt seccomp=unconfined'
expect_exit 1 unshare -U -r "$probes" doctor
expect_match out '^  FAIL  user namespace  +a further one \(rootless container\)$'
ok 'a seccomp filter and a user namespace are named'

build_go app "$ROOT/tests/fixtures/hello"
expect_exit 1 "$probes" doctor app
failed probes
expect_line out 'probes trace does not work with app: see FAIL above'
expect_match out '^ +fix: `probes inject app`, then start it again$'
"$probes" inject -p 'os:*' app 2>/dev/null
expect_exit 0 "$probes" doctor app
expect_match out '^  ok    attaching  +os:[a-z_]+ was attached to by uprobe_multi$' \
	'^  ok    tracing  +a session was opened on os:[a-z_]+$' '^  ok    verify '
printf 'tampered' >>app
expect_exit 0 "$probes" doctor app
expect_match out '^  less  verify '
expect_exit 1 "$probes" doctor nothing
expect_match out '^  FAIL  readable  +nothing: cannot open: No such file'
ok 'a file: without probes, with them, changed since, not there'

cc -O2 -o fixture "$ROOT/tests/fixtures/sdt/app.c"
"$TEST_TMP/fixture" wait >log &
pid=$!
trap 'kill $pid' EXIT
wait_for 20 grep -q listening log || die 'the fixture does not start'
expect_exit 0 "$probes" doctor $pid
expect_match out "^  ok    file  +$TEST_TMP/fixture is what process $pid runs\$" \
	'^  ok    attaching  +fixture:[a-z]+ was attached to by uprobe_multi$' \
	'^  ok    tracing  +a session was opened on fixture:[a-z]+$'
expect_exit 0 "$probes" doctor fixture
expect_match out "^  ok    processes  +run by $pid\$"
expect_exit 1 $(nobody +bpf,+perfmon) "$probes" doctor $pid
expect_match out 'FAIL  process .*takes CAP_SYS_PTRACE; name its file instead'
cp fixture copy && mv copy fixture
expect_exit 0 "$probes" doctor $pid
expect_match out "^  less  file  +$TEST_TMP/fixture was replaced or removed since process $pid"
expect_exit 0 "$probes" doctor fixture
expect_match out "^  less  replaced file  +run in its old version by $pid\$"
ok 'a process: its file, and one that was replaced since'

"$probes" doctor --json fixture >json
python3 - "$ROOT/docs/doctor.schema.json" json <<'END' || die '--json does not keep to its schema'
import json, sys
schema, document = (json.load(open(path)) for path in sys.argv[1:])
try:
    import jsonschema
except ImportError:
    sys.exit()
jsonschema.Draft202012Validator(schema).validate(document)
assert document["works"] is True and document["target"] == "fixture"
assert {"replaced file"} == {c["name"] for c in document["checks"]
                             if c["result"] == "limited" and c["section"] == "target"}
END
ok '--json keeps to its schema'
