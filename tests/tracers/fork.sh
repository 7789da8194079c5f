#!/bin/bash
# SPDX-License-Identifier: MIT
# stdlib-probes/compat gives the 15 probes of the Go fork for USDT: a script that was written
# for them runs unchanged and prints right values, with each Go release.
. "$(dirname "$0")/../lib.sh"
need go
need_bpf
failures=0

cat >"$TEST_TMP/expected" <<'END'
client GET /over/there
client POST /tea/pot
conn_accept
conn_accept
conn_accept
conn_accept
exec UPDATE goods SET price = 1
handshake_end 0
handshake_end 1
handshake_error 0
handshake_error 1
handshake_start 0
handshake_start 0
handshake_start 1
handshake_start 1
prepare SELECT price FROM goods WHERE id = ?
query SELECT name FROM goods
received 200
received 418
served 200
served 418
server GET /over/there
server POST /tea/pot
stmt_exec
stmt_query
tx_begin
END

# bpftrace's own messages go to the same place.
words=$(cut -d' ' -f1 expected | sort -u | paste -sd'|')

check() { # check GO FLAG
	local closed
	# Go 1.19 cannot build when its own tree lies in the module cache in use.
	GOMODCACHE=$TEST_TMP/modules CGO_ENABLED=0 build_go app \
		"$ROOT/tests/fixtures/fork" "$@" || return 1
	"$PROBES" inject -d "$ROOT/stdlib-probes/compat/usdt-fork.yaml" app 2>inject.err || return 1
	"$PROBES" verify app >verify.out || return 1
	bpftrace_run fork "$(cat "$ROOT/tests/tracers/fork.bt")" ./app || return 1
	grep -E "^($words)( |\$)" fork.log | sort >printed
	diff expected printed || return 1
	closed=$(sed -n 's/^@closed: //p' fork.log)
	[ "${closed:-0}" -ge 8 ] || { echo "conn_close: ${closed:-0} times"; return 1; }
}

"$ROOT/tests/toolchains.sh" >toolchains
last=$(tail -n 1 toolchains | cut -d' ' -f1)
while read -r version go; do
	flags=('-ldflags=-s -w')
	[ "$version" != "$last" ] || flags+=(-buildmode=pie)
	for flag in "${flags[@]}"; do
		if check "$go" "$flag"; then
			ok "$version $flag"
		else
			not_ok "$version $flag"
			failures=1
		fi
	done
done <toolchains

# Note mode has no trampoline to test a condition in.
"$PROBES" strip app 2>/dev/null
expect_exit 0 "$PROBES" inject --mode note -d "$ROOT/stdlib-probes/compat/usdt-fork.yaml" \
	-p 'tls:*' --json app
expect_match out needs-trampoline
ok 'note mode refuses conditions'
exit $failures
