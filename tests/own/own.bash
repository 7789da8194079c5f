# SPDX-License-Identifier: MIT
# The fixture with probes of its own; after tests/lib.sh.
# shellcheck shell=bash
OWN=$ROOT/tests/fixtures/own

own_build() { # own_build OUT [GO] [FLAG]...: copies the module first, lest a build touch it
	[ -d own ] || cp -r "$OWN" own
	build_go "$1" "$TEST_TMP/own" "${@:2}"
}

# Only the module's own probes; what they print is compared with what happened.
own_trace() { # own_trace PROGRAM [ABSENT]...
	local app=$1 patterns=('shop:*' 'main:*' 'example_com_own_d_*')
	shift
	"$PROBES" list "$app" "${patterns[@]}" >list
	echo | "$PROBES" trace --json "$app" "${patterns[@]}" -- "$app" "$TEST_TMP/truth" \
		>events 2>trace.err || die "$app: $(cat trace.err)"
	grep -q ' 0 lost' trace.err || die "$app: $(cat trace.err)"
	python3 "$ROOT/tests/own/compare.py" list truth events "$@" >compared ||
		die "$app: $(cat compared)"
}
