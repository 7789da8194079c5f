#!/bin/bash
# SPDX-License-Identifier: MIT
# gdb: info probes, break -probe-stap, $_probe_argN.
. "$ROOT/tests/tracers/tracers.bash"
need gdb
serve

gdb -nx -q -batch -ex "info probes stap ^$PROVIDER\$" "$APP" >"$TEST_TMP/names" 2>&1
expect_match "$TEST_TMP/names" "^stap +$PROVIDER +$PROBE +0x[0-9a-f]+ "
[ "$(grep -c "^stap *$PROVIDER " "$TEST_TMP/names")" = \
	"$("$PROBES" list -l "$APP" "$PROVIDER:*" | wc -l)" ] || die 'not every site of list'
ok 'gdb info probes: every site of list'

cat >"$TEST_TMP/commands" <<END
set pagination off
set language c
set print elements 0
handle SIGURG nostop noprint pass
break -probe-stap $PROVIDER:$PROBE
commands
silent
printf "hit %lu ", \$_probe_arg0
output *(char *)\$_probe_arg1@(int)\$_probe_arg2
printf " "
output *(char *)\$_probe_arg3@(int)\$_probe_arg4
echo \n
continue
end
echo attached\n
continue
END
gdb -nx -q -p "$SERVER_PID" -x "$TEST_TMP/commands" >"$TEST_TMP/gdb.log" 2>&1 </dev/null &
STARTED+=($!)
wait_for 60 grep -q '^attached' "$TEST_TMP/gdb.log" || die "gdb: $(tail -3 "$TEST_TMP/gdb.log")"
wait_armed gdb "$TEST_TMP/gdb.log"
requests
grep -oE 'hit [0-9]+ "[A-Z]+" "[^"]+"' "$TEST_TMP/gdb.log" |
	sed 's/^hit //; s/"//g' >"$TEST_TMP/hits" || tail -20 "$TEST_TMP/gdb.log"
compare "$TEST_TMP/hits" 'gdb'
