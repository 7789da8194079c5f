#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# bpftrace, attached to all probes by usdt: names, prints every event as the truth has it.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/truth/truth.bash"
need go python3
need_bpf

dir=$TEST_TMP/bpftrace
mkdir -p "$dir"
build_shop "$(command -v go)" static "$dir/shop"
inject_shop "$dir"
python3 "$TRUTH/plan.py" capture "$dir" "$dir/shop" all
"$PROBES" list --json "$dir/shop" 'runtime:*panic*' 'runtime:fatal*' >"$dir/deadly.json"

trace() { # trace MODE LIST STATUS: one run; MODE.truth and MODE.events
	local mode=$1 list=$2 shop bpftrace status=0
	python3 "$TRUTH/plan.py" bpftrace "$list" "$dir/shop" >"$dir/script.bt"
	coproc SHOP {
		GODEBUG=httpmuxgo121=0 exec "$dir/shop" -mode "$mode" -truth "$dir/$mode.truth" \
			2>"$dir/$mode.log"
	}
	shop=$SHOP_PID
	read -r _ <&"${SHOP[0]}"
	BPFTRACE_STRLEN=128 BPFTRACE_PERF_RB_PAGES=2048 bpftrace "$dir/script.bt" \
		>"$dir/out" 2>"$dir/err" &
	bpftrace=$!
	python3 "$TRUTH/armed.py" "$list" "$shop" 120 || die "bpftrace: $(tail -n 3 "$dir/err")"
	echo >&"${SHOP[1]}"
	wait "$shop" || status=$?
	[ "$status" = "$3" ] || die "shop: status $status: $(tail -n 3 "$dir/$mode.log")"
	wait_for 60 bpftrace_drained "$bpftrace" || die 'bpftrace reads without end'
	kill -INT "$bpftrace"
	wait "$bpftrace" || die "bpftrace: $(tail -n 3 "$dir/err")"
	if grep -hi '^lost [0-9]* events' "$dir/out" "$dir/err"; then die 'events were lost'; fi
	# One buffer for each processor: sort by the time in front.
	sed -n '/^[0-9a-f]* [a-z_]*:/p' "$dir/out" |
		awk '{while (length($1) < 16) $1 = "0" $1; print}' | sort -s -k1,1 |
		cut -d' ' -f2- >"$dir/$mode.events"
}

trace all "$dir/all.list" 0
trace fatal "$dir/deadly.json" 2
trace panic "$dir/deadly.json" 2
sum=$(python3 "$TRUTH/compare.py" -q --words=6 "$TRUTH/expect.json" "$dir/all.list" \
	"$dir/all.list" "$dir/all.truth" "$dir/all.events" \
	"$dir/deadly.json" "$dir/fatal.truth" "$dir/fatal.events" \
	"$dir/deadly.json" "$dir/panic.truth" "$dir/panic.events") || {
	echo "$sum"
	die "$(echo "$sum" | tail -n 1)"
}
ok "$(bpftrace --version), $(go env GOVERSION): $(echo "$sum" | tail -n 1)"
