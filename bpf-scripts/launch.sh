#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts a .bt tool of this folder: ./gohttpslower.bt {FILE | -p PID} [ARG]... comes here by the
# tool's first line. Checks what bpftrace does not say clearly, then becomes bpftrace. With -h
# prints the tool's manual, with --probes the options that make probes inject give what it needs.
tool=$1
name=$(basename "$tool")
shift

die() {
	echo "$name: $*" >&2
	exit 1
}

# The comment at the head of the tool is its manual.
manual() { sed -n '/^\/\*/,/^ \*\//p' "$tool" | sed '1d; $d; s/^ \* \{0,1\}//'; }

field() { manual | sed -n "s/^$1: *//p"; } # field NAME: what the manual says of it, its lines

pid=
case ${1:-} in
-h | --help)
	manual
	exit
	;;
--probes) # for probes inject
	for probe in $(field NEEDS) $(field ANYOF) $(field OPTIONAL); do printf ' -p %s' "$probe"; done
	echo
	exit
	;;
-p)
	pid=${2:-}
	case $pid in '' | *[!0-9]*) die "-p needs the number of a process, not '$pid'" ;; esac
	[ -d "/proc/$pid" ] || die "there is no process $pid"
	# bpftrace -p looks for what exe points to among its own files, not the process's.
	file=/proc/$pid/root$(readlink "/proc/$pid/exe" || :)
	[ "$file" -ef "/proc/$pid/exe" ] || file=/proc/$pid/exe
	shift 2
	;;
'' | -*)
	echo "usage: $(field USAGE)" >&2
	echo "$name -h tells more" >&2
	exit 2
	;;
*)
	file=$1
	shift
	;;
esac

command -v bpftrace >/dev/null || die 'bpftrace is not installed'
[ "$(id -u)" = 0 ] || die 'bpftrace needs root: use sudo'
case $file in */*) ;; *) file=./$file ;; esac
[ -f "$file" ] || die "$file: no such file"
there=$(bpftrace -l "usdt:$file:*" 2>/dev/null | sed "s|^usdt:$file:||")
[ -n "$there" ] || die "$file has no probes: run 'probes inject $file', and start the new file"
for probe in $(field NEEDS); do
	printf '%s\n' "$there" | grep -x -e "$probe" >/dev/null || missing="${missing:-} $probe"
done
any=$(field ANYOF)
for probe in $any; do
	printf '%s\n' "$there" | grep -x -e "$probe" >/dev/null && any= && break
done
[ -z "$any" ] || missing="${missing:-} all of $any"
[ -z "${missing:-}" ] || die "$file lacks$missing: inject them, or its code never uses them" \
	"('probes list $file' prints what there is)"

# What follows "usdt:$1:" of probes that FILE has not is taken out, clause by clause, and with it
# what prints and clears the maps that are then never filled. Each attach point of the tools
# stands on a line of its own, and so does the end of a clause.
program=$(printf '%s\n' "$there" | awk '
	FNR == NR { there["usdt:$1:" $0] = 1; next }
	dropping { if (/^}/ || /^\/.*}$/) dropping = 0; next }
	/^usdt:/ {
		point = $1
		sub(/,$/, "", point)
		if (there[point]) points = points (points == "" ? "" : ",\n") point
		if (/,$/) next
		rest = substr($0, length($1) + 1)
		if (points == "") dropping = !/}$/
		else print points rest
		points = ""
		next
	}
	{ print }' - "$tool")
for map in $(printf '%s\n' "$program" | grep -oE '@[a-z_]+' | sort -u); do
	printf '%s\n' "$program" | grep -qE "$map(\[.*\])?( = |\+\+)" ||
		program=$(printf '%s\n' "$program" | sed -E "s/(print|clear|delete)\($map[],)[][^;]*;//g")
done

# A map of 4096 keys, the default, is small for a busy server. Newer releases of bpftrace have other
# names for the settings, and count a terminating NUL in the length that str() is given (its pull
# request 3849), which Go's strings have not.
strlen=$(field STRLEN)
strlen=${BPFTRACE_MAX_STRLEN:-${BPFTRACE_STRLEN:-${strlen:-64}}}
keys=${BPFTRACE_MAX_MAP_KEYS:-${BPFTRACE_MAP_KEYS_MAX:-65536}}
case $(bpftrace --version) in
*' v0.'1?.* | *' v0.20.'* | *' v0.21.'* | *' v0.22.'*)
	export BPFTRACE_MAP_KEYS_MAX="$keys" BPFTRACE_STRLEN="$strlen"
	;;
*)
	unset BPFTRACE_MAP_KEYS_MAX BPFTRACE_STRLEN
	export BPFTRACE_MAX_MAP_KEYS="$keys" BPFTRACE_MAX_STRLEN="$strlen"
	program=$(printf '%s\n' "$program" |
		sed -E 's/(str\((arg[0-9]|\*[^,]*), (arg[0-9]|\$n))\)/\1 + 1)/g')
	;;
esac
exec bpftrace ${pid:+-p "$pid"} -e "$program" "$file" "$@"
