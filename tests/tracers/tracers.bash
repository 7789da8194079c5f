# SPDX-License-Identifier: MIT
# What the tracer tests share: an injected server, five requests, and the truth about them.
# shellcheck shell=bash
# shellcheck source=../lib.sh
. "$ROOT/tests/lib.sh"
need go curl
trap stop_all EXIT
export APP=$TEST_TMP/app PROVIDER=net_http PROBE=server_request_start

serve() { # builds (with HELLO_FLAGS), injects and starts; sets SERVER_PID and SERVER_ADDR
	# shellcheck disable=SC2086
	build_go "$TEST_TMP/plain" "$ROOT/tests/fixtures/hello" go ${HELLO_FLAGS:-}
	"$PROBES" inject -o "$APP" "$TEST_TMP/plain" 2>"$TEST_TMP/inject.log" || {
		cat "$TEST_TMP/inject.log"
		die 'inject'
	}
	start_server server "$APP"
}

requests() { # exactly five, one after the other
	curl -sS "http://$SERVER_ADDR/one" --next -sS -X POST "http://$SERVER_ADDR/two?x=2" \
		--next -sS -X PUT "http://$SERVER_ADDR/three/3" \
		--next -sS -X DELETE "http://$SERVER_ADDR/four" \
		--next -sS -H 'Connection: close' "http://$SERVER_ADDR/five" >"$TEST_TMP/curl"
	[ "$(grep -c hello "$TEST_TMP/curl")" = 5 ] || die 'the server did not answer 5 times'
}

site_armed() { # whether a tracer has put its breakpoint on the first site of the probe
	local address base=0
	address=$("$PROBES" list -l "$APP" "$PROVIDER:$PROBE" | head -1 | cut -f2)
	if [[ $(readelf -h "$APP") == *' DYN '* ]]; then
		base=$((0x$(awk -v app="$APP" '$6 == app && !n++ {sub("-.*", ""); print}' \
			"/proc/$SERVER_PID/maps") -
			$(readelf -lW "$APP" | awk '$1 == "LOAD" && !n++ {print $3}')))
	fi
	[ "$(dd if="/proc/$SERVER_PID/mem" bs=1 skip=$((base + address)) count=1 2>/dev/null |
		od -An -tx1)" = " cc" ]
}

wait_armed() { # wait_armed WHAT LOG
	# The breakpoint comes first, the tracer's program a moment later.
	wait_for 60 site_armed && sleep 0.3 && return
	tail -20 "$2"
	die "$1 does not attach"
}

truth() { # "GOID METHOD URI" of each request, as the program itself saw it
	sed -n 's/^served //p' "$TEST_TMP/server.log" | sort
}

# compare FILE WHAT: its lines "GOID METHOD URI" must be those of the program.
compare() {
	truth >"$TEST_TMP/truth"
	[ "$(grep -c . "$TEST_TMP/truth")" = 5 ] || die 'the program did not serve 5 requests'
	sort "$1" | diff "$TEST_TMP/truth" - || die "$2 saw something else (right)"
	ok "$2: 5 hits with the goroutine, method and URI that the program printed"
}
