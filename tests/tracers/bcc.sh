#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# serial
# A bcc program attaches with USDT(...).enable_probe.
. "$ROOT/tests/tracers/tracers.bash"
. "$ROOT/tests/bcc.bash"
need_bpf
need_bcc

serve

# bcc looks for tracefs when it detaches; a mount of our own leaves the machine's alone.
mkfifo "$TEST_TMP/in"
unshare -m sh -c 'mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec "$@"' sh \
	/usr/bin/python3 "$ROOT/tests/tracers/bcc_hits.py" "$APP" "$PROBE" "$SERVER_PID" \
	<"$TEST_TMP/in" >"$TEST_TMP/bcc" 2>"$TEST_TMP/bcc.err" &
tracer=$!
exec 8>"$TEST_TMP/in"
wait_for 90 grep -q '^attached' "$TEST_TMP/bcc" || {
	tail -20 "$TEST_TMP/bcc.err"
	die 'bcc does not attach'
}
requests
exec 8>&-
wait "$tracer" || die "bcc: $(tail -3 "$TEST_TMP/bcc.err")"
grep -v '^attached' "$TEST_TMP/bcc" >"$TEST_TMP/hits"
compare "$TEST_TMP/hits" 'bcc'
