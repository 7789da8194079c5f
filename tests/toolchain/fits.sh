#!/bin/bash
# SPDX-License-Identifier: MIT
# slow: needs all toolchains
# The compiler patch fits the sources of every Go minor from 1.21 on, and the build is asked for
# as it should be, whatever the caller's settings are. Nothing is built here.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/toolchain/compilers.bash"
need go
export GOPROBES_CACHE=$TEST_TMP/cache

# What "go build -toolexec" hands to the tools that it runs; none of it may get through.
asked() { # asked GOROOT: the path of its patched compiler
	env GOOS=windows GOARCH=arm64 GOFLAGS=-toolexec=false GOEXPERIMENT=none CGO_ENABLED=1 \
		GOAMD64=v3 GOWORK=/nowhere GOTOOLCHAIN=auto "$DUMP" "$1/pkg/tool/linux_amd64/compile"
}

fits() { # fits VERSION GO
	local root=$TEST_TMP/$1 file
	fake_goroot "$root" "$(cd / && "$2" env GOROOT)"
	asked "$root" >path 2>err || { not_ok "$1: $(tail -n 1 err)"; return; }
	[ -x "$(cat path)" ] || { not_ok "$1: no compiler at $(cat path)"; return; }
	(cd "$root/work/src/cmd" && gofmt -l . && find . -type f | sort) >files 2>&1
	diff - files <<-'END' || { not_ok "$1: other files"; return; }
		./compile/internal/inline/inl.go
		./compile/internal/inline/probesites.go
		./internal/obj/x86/obj6.go
		./internal/obj/x86/probesites.go
		./internal/obj/x86/probesites_list.go
	END
	for file in cmd/compile/internal/inline/inl.go cmd/internal/obj/x86/obj6.go; do
		{ diff "$root/src/$file" "$root/work/src/$file" || true; } | grep -E '^[<>] .*[^ ]'
	done >changes
	diff - changes <<-'END' || { not_ok "$1: other changes"; return; }
		> 	// If a probe is to meet every call, don't inline.
		> 	if keptForProbe(fn) {
		> 		reason = "kept for a probe"
		> 		return reason
		> 	}
		> 	p = probeEntry(ctxt, cursym, p, newprog)
		> 		p = probeReturn(ctxt, cursym, p, newprog)
	END
	ok "$1"
}

"$ROOT/tests/toolchains.sh" >toolchains 2>err || true
grep '^skip' err || true
while read -r version go; do
	case $version in go1.18.* | go1.19.* | go1.20.*) continue ;; esac
	fits "$version" "$go"
	last=$TEST_TMP/$version
done <toolchains

cd "$last"
sed 's/=[^=]*overlay\.json$/=OVERLAY/' args | diff - <(printf '%s\n' build -trimpath \
	-overlay=OVERLAY -o compile cmd/compile)
for setting in CGO_ENABLED=0 GO111MODULE= GOARCH=amd64 GOENV=off GOEXPERIMENT= GOFLAGS= \
	GOOS=linux "GOROOT=$last" GOTOOLCHAIN=local GOWORK=off; do
	expect_line env "$setting"
done
! grep '^GOAMD64' env || die 'GOAMD64 gets through'
grep -o '"[^"]*":' work/overlay.json | grep -v -e '^"Replace":' -e "^\"$last/src/" >others || true
[ ! -s others ] || die "the overlay names $(cat others)"
ok 'the build is asked for as it should be'

# A Go that is older than all patches.
while read -r version go; do
	case $version in go1.20.*) ;; *) continue ;; esac
	fake_goroot "$TEST_TMP/old" "$(cd / && "$go" env GOROOT)"
	expect_exit 1 asked "$TEST_TMP/old"
	expect_line "$TEST_TMP/err" "there is no compiler patch for $version: Go 1.21 is the oldest"
	ok "$version is too old"
done <"$TEST_TMP/toolchains"
