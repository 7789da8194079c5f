#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual page names every command and every option that --help shows.
. "$ROOT/tests/lib.sh"
page=$ROOT/docs/probes.1
"$PROBES" --help >help
failures=0
for command in $(sed -nE 's/^  ([a-z]+) +[a-zA-Z].*/\1/p' help); do
	grep -qx "\.Ss probes $command" "$page" || { not_ok "command $command"; failures=1; }
	"$PROBES" "$command" --help >options
	for option in $(grep -oE '^ +(-[a-z], +)?--[a-z-]+' options | grep -oE -- '--[a-z-]+'); do
		grep -qE "Fl -${option#--}( |$)" "$page" ||
			{ not_ok "probes $command $option"; failures=1; }
	done
	ok "$command"
done
exit $failures
