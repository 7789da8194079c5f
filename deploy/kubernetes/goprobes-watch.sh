#!/bin/sh
# SPDX-License-Identifier: MIT
# Exports every program on this node whose path, in its container, matches a pattern:
#
#	goprobes-watch.sh '/app/*' [OPTION or PATTERN of probes export]...
#
# One `probes export` serves all containers of one image, also later ones: they share the
# file. It is started with the first process and ended after the last. ROUND_SECONDS (10) is
# the time between two looks at /proc, PROBES the command.
set -u
wanted=${1:?usage: goprobes-watch.sh PATH-PATTERN [ARGUMENT]...}
shift
running='' # DEVICE:INODE=PID of each exporter

end_all() {
	trap - TERM INT
	for entry in $running; do
		kill "${entry#*=}" 2>/dev/null
	done
	wait
	exit 0
}
trap end_all TERM INT

while :; do
	seen=' '
	for exe in /proc/[0-9]*/exe; do
		path=$(readlink "$exe" 2>/dev/null) || continue
		# shellcheck disable=SC2254 # it is a pattern
		case $path in $wanted) ;; *) continue ;; esac
		id=$(stat -Lc %d:%i "$exe" 2>/dev/null) || continue
		case $seen in *" $id "*) continue ;; esac
		seen="$seen$id "
		case " $running" in *" $id="*) continue ;; esac
		process=${exe%/exe}
		"${PROBES:-probes}" export "$process/root$path" "$@" &
		running="$running$id=$! "
		echo "goprobes-watch: exporting $path of process ${process#/proc/}" >&2
	done
	left=''
	for entry in $running; do
		if ! kill -0 "${entry#*=}" 2>/dev/null; then
			wait "${entry#*=}" || echo "goprobes-watch: exporter ended with $?" >&2
		elif case $seen in *" ${entry%=*} "*) false ;; esac then
			kill "${entry#*=}" # its programs are gone
		else
			left="$left$entry "
		fi
	done
	running=$left
	sleep "${ROUND_SECONDS:-10}" &
	wait $!
done
