#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# serial
# A bcc program attaches with USDT(...).enable_probe. bcc compiles against kernel headers; when
# the running kernel's are not there, those of the distribution do (pt_regs is the same).
. "$ROOT/tests/tracers/tracers.bash"
need_bpf
/usr/bin/python3 -c 'import bcc' 2>/dev/null || skip 'bcc for Python is not installed (make deps)'

# Debian splits the headers in two trees, Ubuntu links them to each other; bcc wants one.
merged_headers() {
	local arch common folder
	common=$(find /usr/src/kernels -mindepth 1 -maxdepth 1 -type d 2>/dev/null |
		sort -V | tail -1)
	if [ -n "$common" ]; then # Fedora: one tree already
		export BCC_KERNEL_SOURCE=$common
		return
	fi
	arch=$(find /usr/src -maxdepth 1 \( -name 'linux-headers-*-amd64' -o \
		-name 'linux-headers-*-generic' \) | sort -V | tail -1)
	common=${arch%-amd64}-common
	[ -d "$common" ] || common=${arch%-generic}
	[ -d "$arch" ] && [ -d "$common" ] || return 1
	for folder in include arch/x86/include; do
		mkdir -p "$TEST_TMP/kernel/$folder"
		ln -sfn "$common/$folder"/* "$arch/$folder"/* "$TEST_TMP/kernel/$folder/"
	done
	export BCC_KERNEL_SOURCE=$TEST_TMP/kernel
}

[ -d "/lib/modules/$(uname -r)/build" ] || [ -e /sys/kernel/kheaders.tar.xz ] || merged_headers ||
	skip 'no kernel headers for bcc (linux-headers-amd64)'
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
