#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# trace works with CAP_BPF and CAP_PERFMON alone, says which one is missing, and has given up
# all privileges while it waits for events.
# shellcheck disable=SC2046 # nobody's words
. "$ROOT/tests/lib.sh"
need_bpf
need setpriv setcap
chmod 711 "$TEST_TMP"
cp "$PROBES" probes
probes=$TEST_TMP/probes app=$TEST_TMP/pace
build_go plain "$ROOT/tests/bench/pace"
"$probes" inject -d "$ROOT/tests/bench/pace.yaml" -p 'bench:*' -o "$app" plain 2>/dev/null
chmod 755 "$app"
"$probes" doctor | grep '^  ok    uprobe_multi' >/dev/null ||
	skip 'this kernel has no uprobe_multi links (Linux 6.6)'

# nobody CAPABILITIES: what runs a command as nobody with "+bpf,+perfmon", or with -all
nobody() {
	echo setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "$1" --ambient-caps "$1"
}

all_seen() { # the command's own number of calls, of `out`, is that of the events in it
	local calls seen
	calls=$(sed -nE 's/^([0-9]+) [0-9.]+ [0-9.]+$/\1/p' out)
	seen=$(grep -c ' bench:handle_start n=[0-9]* path=/' out)
	[ "$calls" -gt 100 ] && [ "$calls" = "$seen" ] || die "$seen of $calls calls were seen"
}

expect_exit 0 $(nobody +bpf,+perfmon) "$probes" trace "$app" bench:handle_start -- \
	"$app" 1 1000 200
all_seen
cp probes capable
setcap cap_bpf,cap_perfmon=ep capable
expect_exit 0 $(nobody -all) "$TEST_TMP/capable" trace "$app" bench:handle_start -- \
	"$app" 1 1000 200
all_seen
ok 'two capabilities are enough, given by the parent or by the file'

refused() { # refused CAPABILITIES WHAT: nobody's one line says that WHAT is missing
	expect_exit 1 $(nobody "$1") "$probes" trace "$app" -- /bin/true
	printf 'probes: no permission to trace: %s missing (user 65534); use sudo, or once: sudo %s\n' \
		"$2" "setcap cap_bpf,cap_perfmon=ep $probes" | cmp - err || die "$(cat err)"
}
refused -all 'CAP_BPF and CAP_PERFMON are'
refused +bpf 'CAP_PERFMON is'
refused +perfmon 'CAP_BPF is'
expect_exit 1 python3 "$ROOT/tests/trace/without_bpf.py" "$probes" trace "$app" -- /bin/true
expect_match err '^probes: no permission to trace: a seccomp filter refuses bpf\(2\)'
ok 'what is missing is named'

# waits NAME VALUE...: fields of /proc/PID/status of the tracer that waits for events
waits() {
	local field
	wait_for 20 grep -qs "^probes: attached" log || die "does not attach: $(cat log)"
	for field; do expect_match "/proc/$pid/status" "^$field\$"; done
	kill -INT $pid
	wait $pid || die "ends with an error: $(cat log)"
	rm log
}

none=$(printf '\t%016d' 0) zero=$(printf '0\t0\t0\t0')
sets=("CapInh:$none" "CapPrm:$none" "CapEff:$none" "CapAmb:$none" "NoNewPrivs:$(printf '\t1')")
env -u SUDO_UID "$probes" trace "$app" 2>log >/dev/null &
pid=$!
waits "${sets[@]}" "CapBnd:$none" "Uid:$(printf '\t')$zero"
SUDO_UID=65534 SUDO_GID=65534 "$probes" trace "$app" 2>log >/dev/null &
pid=$!
waits "${sets[@]}" "CapBnd:$none" {Uid,Gid}:"$(printf '\t65534\t65534\t65534\t65534')"
$(nobody +bpf,+perfmon) "$probes" trace "$app" 2>log >/dev/null &
pid=$!
waits "${sets[@]}"
ok 'nothing is left once attached: as root, through sudo, as another user'
