#!/bin/bash
# SPDX-License-Identifier: MIT
# serial
# needs: bpf
# slow: builds a compiler
# In-place probes fire once for each call, with the right values: returns, recovered panics, stacks
# that grow, Goexit; in static, position-independent and externally linked programs.
. "$ROOT/tests/inline/inline.bash"
need_bpf

cat >probes.bt <<'END'
usdt:./app:sited:plain_start { printf("plain_start %ld %s\n", arg1, str(arg2, arg3)); }
usdt:./app:sited:plain_end { printf("plain_end %ld %d\n", arg1, arg2 != 0); }
usdt:./app:sited:leaf_start { printf("leaf_start %ld %ld\n", arg1, arg2); }
usdt:./app:sited:leaf_end { printf("leaf_end %ld\n", arg1); }
usdt:./app:sited:frame_start { printf("frame_start %ld\n", arg1); }
usdt:./app:sited:frame_end { printf("frame_end %ld\n", arg1); }
usdt:./app:sited:deep_start { printf("deep_start %ld\n", arg1); }
usdt:./app:sited:deep_end { printf("deep_end %ld\n", arg1); }
usdt:./app:sited:risky_start { printf("risky_start %ld\n", arg1); }
usdt:./app:sited:risky_end { printf("risky_end %ld\n", arg1); }
usdt:./app:sited:through_start { printf("through_start %ld\n", arg1); }
usdt:./app:sited:through_end { printf("through_end %ld\n", arg1); }
usdt:./app:sited:leave_start { printf("leave_start %ld\n", arg1); }
usdt:./app:sited:leave_end { printf("leave_end %ld\n", arg1); }
usdt:./app:sited:fetch_start { printf("fetch_start %s\n", str(arg1, arg2)); }
usdt:./app:sited:fetch_url { printf("fetch_url %s\n", str(arg1, arg2)); }
usdt:./app:sited:fetch_end { printf("fetch_end %ld\n", arg1); }
END

traced() { # traced LABEL PATTERN [FLAG]...: what bpftrace sees is what the program says
	local label=$1
	build_sited app "$ROOT/tests/fixtures/sited" "${@:3}"
	"$PROBES" inject -d "$ROOT/tests/inline/sited.yaml" -p "$2" app 2>report
	expect_match report '1[0-9] sites in place$'
	grep -E "sited:($("$PROBES" list app | cut -f1 | cut -d: -f2 | paste -sd'|')) " \
		probes.bt >wanted.bt
	bpftrace_run trace "$(cat wanted.bt)" sh -c './app >app.out'
	grep -E '^[a-z]+_(start|end|url) ' trace.log | sort >seen
	grep -E "^($(sed -E 's/.*sited:([a-z_]+) .*/\1/' wanted.bt | paste -sd'|')) " app.out |
		sort >told
	diff told seen >difference || die "$label: $(head -n 5 difference)"
	ok "$label: $(wc -l <seen) events"
}

traced 'static, nothing detoured' 'sited:[!f]*'
traced static 'sited:*'
traced position-independent 'sited:*' -buildmode=pie
CGO_ENABLED=1 traced 'externally linked' 'sited:*' -ldflags=-linkmode=external
