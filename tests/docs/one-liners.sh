#!/bin/bash
# SPDX-License-Identifier: MIT
# serial
# needs: bpf
# Each bpftrace one-liner of README.md and of the manual page attaches to the sample program.
. "$ROOT/tests/lib.sh"
need_bpf
need go
build_go app "$ROOT/tests/fixtures/shop"
"$PROBES" inject app 2>/dev/null

# The scripts between quotes behind "bpftrace -e", one file each.
cat "$ROOT/README.md" <(sed 's/\\en/\\n/g' "$ROOT/docs/probes.1") |
	awk -v RS="bpftrace -e '" 'NR > 1 { sub(/\047.*/, ""); print > (NR - 1 ".bt") }'
failures=0
for script in *.bt; do
	sed -i -E 's#usdt:\./(shop|app):#usdt:./app:#' "$script"
	if (bpftrace_start "${script%.bt}" "$script") >said 2>&1; then
		ok "$(tr -s '[:space:]' ' ' <"$script" | cut -c1-70)"
	else
		not_ok "$(cat "$script" said)"
		failures=1
	fi
done
[ -e 11.bt ] || die 'README.md lost its one-liners'
exit $failures
