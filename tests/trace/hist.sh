#!/bin/bash
# SPDX-License-Identifier: MIT
# slow (Go programs and the kernel)
# needs: bpf
# `probes hist`: rows, sums and slices are those of what the driver did.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/trace/live.bash"
trap stop_all EXIT
need_jsonschema
load_build
compare() { # compare WHAT NAME
	python3 "$ROOT/tests/trace/hist_truth.py" "$1" "$2.out" truth.json || die "$2 differs"
}

load_traced duration hist --json -i 100ms -b auto PID net_http:client_request \
	-f 'duration>0' -- -mode http -n 1000 -slow 15ms
compare duration duration
ok 'durations by method and path'

load_traced written hist --json --of written PID net_http:server_request -- -mode http -n 1000
compare written written
ok 'an argument, in powers of two'

load_traced heat hist --json --heatmap -i 100ms PID net_http:server_request -- \
	-mode http -rate 250 -seconds 2
compare heat heat
ok 'a heat map'

# The same for people: rows of text have the counts, and shades only where there is something.
load_traced text hist PID net_http:server_request -b status -- \
	-mode http -n 200 -slow 250ms
expect_match text.out '^net_http:server_request  404$' '^  count 160 .* p99 [0-9.]+ms .* max ' \
	'^  +100ms \.\. +200ms +0 +0\.0% \| +\|$' '^  +200ms \.\. +500ms +4 +2\.5% \|##+ +\|$'
expect_match text.err '^probes: 200 events, 0 lost$'
load_traced map hist --heatmap PID net_http:server_request -- -mode http -n 200 -slow 250ms
sum=$(sed -nE 's/^ +[0-9]+[num]?s \|[ .:=+*#@-]+\| ([0-9]+)$/\1/p' map.out | paste -sd+)
[ $((sum)) = 200 ] ||
	die "the rows of the map do not add up to 200: $(cat map.out)"
expect_match map.out '^ +200ms \|[ .:=+*#@-]*[.:=+*#@-][ .:=+*#@-]*\| 4$' \
	'^ +a column is 1s, [1-9] of them$'
ok 'text'

load_start -mode http -n 20
"$PROBES" hist ./load net_http:server_route -d 2s >none.out 2>none.err &
wait_for 20 grep -qs attached none.err
load_go
wait $!
expect_match none.err '^[0-9]+ events have no duration and are left out; --of takes an argument$'
expect_exit 2 "$PROBES" hist ./load
expect_exit 2 "$PROBES" hist --of writen ./load net_http:server_request
expect_match err '^probes: --of: none of the selected probes has an argument writen; there are '
ok 'what has no duration, and what is wrong'
