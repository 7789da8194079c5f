# SPDX-License-Identifier: MIT
# Helpers for tests of bad input: small programs, and "refused with one line, nothing changed".
# shellcheck shell=bash
# shellcheck source=../lib.sh
. "$ROOT/tests/lib.sh"
need go python3

# go_program OUT [VARIABLE=VALUE]... [FLAG]...: builds a small Go program, with variables set.
go_program() {
	local out=$1 dir=$TEST_TMP/.program vars=()
	shift
	mkdir -p "$dir"
	cat >"$dir/main.go" <<-'EOF'
		package main

		import (
			"fmt"
			"os"
		)

		func main() {
			done := make(chan string)
			go func() { done <- "hello from a goroutine" }()
			fmt.Println(<-done)
			if len(os.Args) > 1 {
				os.Stdin.Read(make([]byte, 1))
				fmt.Println("end")
			}
		}
	EOF
	while [[ ${1:-} == *=* && $1 != -* ]]; do
		vars+=("$1")
		shift
	done
	# A GOOS, GOARCH or CGO_ENABLED of the caller's reaches build_go through the environment.
	(
		[ ${#vars[@]} = 0 ] || export "${vars[@]}"
		build_go "$out" "$dir" go "$@"
	) || die "cannot build $out"
}

snapshot() { # snapshot DIR: names, kinds, modes, owners, sizes and digests below it
	(cd "$1" && find . -printf '%p %y %m %u %g %s %l\n' | sort &&
		find . -type f -exec sha256sum {} + | sort -k2)
}

one_line() { # one_line FILE WHAT: stderr is one line that names WHAT, and says something
	local err=$TEST_TMP/.err
	[ "$(wc -l <"$err")" = 1 ] && grep -qF -e "$1" "$err" && return
	sed 's/^/  | /' "$err" >&2
	die "expected one line naming $1"
}

# run_probes COMMAND...: runs build/probes; the exit code is in RC. No signal is ever right.
run_probes() {
	RC=0
	timeout 60 "$PROBES" "$@" >"$TEST_TMP/.out" 2>"$TEST_TMP/.err" </dev/null || RC=$?
	[ "$RC" -lt 90 ] || { tail -20 "$TEST_TMP/.err" >&2; die "exit $RC: probes $*"; }
	! grep -qE 'Sanitizer|runtime error:' "$TEST_TMP/.err" ||
		{ head -30 "$TEST_TMP/.err" >&2; die "sanitizer report: probes $*"; }
}
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:exitcode=99}

# refused DIR FILE [REGEX]: inject, alone in DIR, exits 1 with one line matching REGEX and
# leaves everything in DIR as it is; with -o too.
refused() {
	local dir=$1 file=$2 regex=${3:-.} before
	before=$(snapshot "$dir")
	run_probes inject "$dir/$file"
	[ "$RC" = 1 ] || die "inject $file: exit $RC instead of 1: $(cat "$TEST_TMP/.err")"
	one_line "$file"
	grep -qE -e "$regex" "$TEST_TMP/.err" ||
		die "inject $file says '$(cat "$TEST_TMP/.err")', which does not match '$regex'"
	run_probes inject -o "$dir/new-file" "$dir/$file"
	[ "$RC" = 1 ] || die "inject -o, $file: exit $RC instead of 1"
	[ "$before" = "$(snapshot "$dir")" ] ||
		die "$file changed: $(diff <(echo "$before") <(snapshot "$dir"))"
	ok "$file: $(sed "s|$dir/||; s|^probes: ||" "$TEST_TMP/.err" | cut -c1-100)"
}

# sound FILE: inject either refuses FILE with one line and leaves it alone, or succeeds, the
# result verifies, and strip gives FILE back.
sound() {
	local file=$1 out=$TEST_TMP/.sound
	rm -f "$out"
	run_probes inject -o "$out" "$file"
	case $RC in
	0)
		run_probes verify "$out"
		[ "$RC" = 0 ] || die "verify after inject of $file: $(cat "$TEST_TMP/.err")"
		run_probes strip "$out"
		[ "$RC" = 0 ] || die "strip after inject of $file: $(cat "$TEST_TMP/.err")"
		cmp "$out" "$file" || die "strip does not give back $file"
		;;
	1) one_line "$(basename "$file")" && [ ! -e "$out" ] || die "$file: refused, but wrote" ;;
	3) [ ! -e "$out" ] || die "$file: nothing matched, but wrote" ;;
	*) die "inject $file: exit $RC" ;;
	esac
}

mutate() { # mutate COMMAND FILE ARG...: see mutate.py
	python3 "$ROOT/tests/badinput/mutate.py" "$@"
}
