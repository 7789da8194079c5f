#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# serial
# perf: buildid-cache --add, list sdt, probe sdt_..., record, script. Its cache is a folder of
# the test, its event is taken away again, and tracefs is mounted only in a namespace.
. "$ROOT/tests/tracers/tracers.bash"
need perf unshare
need_bpf
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 unshare -m "$0" "$@"
	exit
fi
[ -e /sys/kernel/tracing/uprobe_events ] || mount -t tracefs tracefs /sys/kernel/tracing ||
	die 'tracefs cannot be mounted'
serve
export HOME=$TEST_TMP # after the build, whose cache is below the real one
event=sdt_$PROVIDER:$PROBE
perf_() { perf --buildid-dir "$TEST_TMP/cache" "$@"; }
forget() { perf_ probe -q -d "sdt_$PROVIDER:*" >/dev/null 2>&1 || true; }
trap 'forget; stop_all' EXIT

perf_ buildid-cache --add "$APP"
perf_ list sdt >"$TEST_TMP/names" 2>&1
for name in $("$PROBES" list "$APP" | cut -f1 | sort -u); do
	expect_match "$TEST_TMP/names" "sdt_$name(@| |\$)"
done
ok 'perf list sdt: all probes of list'

perf_ probe -q -a "$event"
# The event starts disabled; perf acknowledges when it has been enabled on all threads.
mkfifo "$TEST_TMP/control" "$TEST_TMP/ack"
perf --buildid-dir "$TEST_TMP/cache" record -q -e "$event" -p "$SERVER_PID" -D -1 \
	--control "fifo:$TEST_TMP/control,$TEST_TMP/ack" -o "$TEST_TMP/data" \
	2>"$TEST_TMP/record.err" &
recorder=$!
exec 8<>"$TEST_TMP/control" 9<>"$TEST_TMP/ack"
echo enable >&8
read -r -t 60 -u 9 _ || die "perf does not attach: $(cat "$TEST_TMP/record.err")"
requests
kill -INT "$recorder"
wait "$recorder" || true
perf_ script -i "$TEST_TMP/data" >"$TEST_TMP/script" 2>"$TEST_TMP/script.err" ||
	cat "$TEST_TMP/record.err" "$TEST_TMP/script.err"
forget

# perf prints words: the goroutine and, of the texts, their lengths.
sed -nE 's/.* arg1=([0-9]+) .* arg3=([0-9]+) .* arg5=([0-9]+).*/\1 \2 \3/p' "$TEST_TMP/script" |
	sort >"$TEST_TMP/hits"
truth | awk '{print $1, length($2), length($3)}' | sort >"$TEST_TMP/words"
[ "$(grep -c . "$TEST_TMP/words")" = 5 ] || die 'the program did not serve 5 requests'
diff "$TEST_TMP/words" "$TEST_TMP/hits" || die 'perf saw something else (right)'
ok 'perf: 5 hits with the goroutine and the lengths of method and URI'
