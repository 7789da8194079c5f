#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 600
# Killed at any moment, inject and strip leave the old file or the new one, whole, and no
# litter; between two system calls at the very end there may be one file, .NAME.probes~,
# which the next run on that file removes.
. "$ROOT/tests/badinput/bad.bash"
need cc

d=$TEST_TMP/d
mkdir "$d"
# A program of some size, so that there is a middle: the go command itself.
cp "$(cd / && go env GOROOT)/bin/go" "$TEST_TMP/old"
digest() { sha256sum <"$1"; }

# whole WHEN: the file is the old or the new one; counts them, and what else is there.
whole() {
	case $(digest "$d/app") in
	"$old") kept=$((kept + 1)) ;;
	"$new") replaced=$((replaced + 1)) ;;
	*) die "$command, killed $1: neither the old file nor the new one" ;;
	esac
	case $(ls -A "$d" | tr '\n' ' ') in
	'app ') ;;
	'.app.probes~ app ') litter=$((litter + 1)) ;;
	*) die "$command, killed $1, leaves $(ls -A "$d")" ;;
	esac
}

duration() { # duration COMMAND: microseconds, the best of three
	local i start best=1000000000 took
	for i in 1 2 3; do
		cp "$TEST_TMP/old" "$TEST_TMP/new"
		start=${EPOCHREALTIME/./}
		"$PROBES" "$1" "$TEST_TMP/new" 2>/dev/null || die "$1 fails when left alone"
		took=$((${EPOCHREALTIME/./} - start))
		[ $took -gt $best ] || best=$took
	done
	echo $best
}

fresh() { # the old file in place; what a kill left beside it stays
	[ -e "$d/app" ] && [ "$(digest "$d/app")" = "$old" ] || cp "$TEST_TMP/old" "$d/app"
}

storm() { # storm COMMAND: SIGKILL at 80 random moments of its running time
	local command=$1 took old new pid kept=0 replaced=0 litter=0 i delay
	took=$(duration "$command")
	old=$(digest "$TEST_TMP/old") new=$(digest "$TEST_TMP/new")
	for ((i = 0; i < 80; i++)); do
		fresh
		delay=$(((RANDOM * 32768 + RANDOM) % took))
		"$PROBES" "$command" "$d/app" >/dev/null 2>&1 &
		pid=$!
		sleep "$((delay / 1000000)).$(printf %06d $((delay % 1000000)))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		whole "after $delay us"
	done
	ok "$command: 80 kills within $((took / 1000)) ms: old file $kept, new file $replaced times, \
litter $litter times"
}

# Dies at the DIE_AT-th system call that changes a file.
cat >"$TEST_TMP/die.c" <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
static void count(void)
{
	static int n;
	if (getenv("DIE_AT") && ++n == atoi(getenv("DIE_AT")))
		raise(SIGKILL);
}
#define WRAP(ret, name, params, args)                         \
	ret name params                                       \
	{                                                     \
		ret(*real) params = (ret(*) params)dlsym(RTLD_NEXT, #name); \
		count();                                      \
		return real args;                             \
	}
WRAP(ssize_t, write, (int a, const void *b, size_t c), (a, b, c))
WRAP(ssize_t, pwrite64, (int a, const void *b, size_t c, off_t d), (a, b, c, d))
WRAP(ssize_t, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d))
WRAP(int, fchown, (int a, uid_t b, gid_t c), (a, b, c))
WRAP(int, fchmod, (int a, mode_t b), (a, b))
WRAP(int, fsync, (int a), (a))
WRAP(int, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP(int, unlink, (const char *a), (a))
WRAP(int, rename, (const char *a, const char *b), (a, b))
EOF
cc -shared -fPIC -o "$TEST_TMP/die.so" "$TEST_TMP/die.c" -ldl

steps() { # steps COMMAND: SIGKILL before each of its system calls that change a file, in turn
	local command=$1 old new kept=0 replaced=0 litter=0 step=0 code
	old=$(digest "$TEST_TMP/old") new=$(digest "$TEST_TMP/new")
	while :; do
		step=$((step + 1)) code=0
		fresh
		{
			env DIE_AT=$step LD_PRELOAD="$TEST_TMP/die.so" \
				ASAN_OPTIONS=verify_asan_link_order=0 "$PROBES" "$command" "$d/app" \
				|| code=$?
		} >/dev/null 2>&1
		[ $code = 137 ] || break
		whole "before step $step"
	done
	[ $code = 0 ] || die "$command with the counting library: exit $code"
	[ $step -gt 5 ] || die "only $step steps counted"
	[ "$(digest "$d/app")" = "$new" ] || die "$command afterwards gives another file"
	[ "$(ls -A "$d")" = app ] || die "the next run leaves $(ls -A "$d")"
	ok "$command: killed before each of $((step - 1)) steps: old file $kept, new file $replaced \
times, temporary file left $litter times and gone after the next run"
}
storm inject
steps inject
cp "$TEST_TMP/new" "$TEST_TMP/old"
rm "$d/app"
storm strip
steps strip
