# SPDX-License-Identifier: MIT
# By hand: the tests of Go's own packages, with in-place sites in every function, give the
# results of an ordinary build: bash tests/toolchain/std.bash [GO]..., PACKAGES="os reflect".
# Each GO takes a compiler build, a standard library build and the tests twice.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/torture/std.bash"
. "$ROOT/tests/toolchain/compilers.bash"
PACKAGES=${PACKAGES:-reflect os encoding/json crypto/tls net/http runtime}
echo 'er *' >every

# std_package GO PACKAGE: one line of results
std_package() {
	local go=$1 package=$2 label dir original rewritten RESULTS t=$TEST_TMP/t
	label="$("$go" env GOVERSION) $package"
	dir=$("$go" env GOROOT)/src/$package
	rm -rf "$t" && mkdir -p "$t/a" "$t/b"
	original=$t/a/${package##*/}.test rewritten=$t/b/${package##*/}.test
	(cd "$dir" && nice "$go" test -c -o "$original" . && GOCACHE=$TEST_TMP/sites-cache \
		GOPROBES_SITES=$TEST_TMP/every nice "$go" test -c -toolexec "$SWAP" -o "$rewritten" .
	) >"$t/build" 2>&1 || { not_ok "$label: $(tail -n 1 "$t/build")"; return; }
	same_results "$label" "$original" "$rewritten" "$dir" || return 0
	ok "$label: $(sites_in "$rewritten"), $RESULTS"
}

sites_in() { # sites_in BINARY: "long short" forms in its text
	objcopy -O binary -j .text "$1" "$TEST_TMP/text"
	python3 - "$TEST_TMP/text" <<'END'
import sys
text = open(sys.argv[1], "rb").read()
long = bytes.fromhex("90662e0f1f840000000000")
print(text.count(long), "sites of 11 bytes,", text.count(bytes.fromhex("900f1f00")), "of 4")
END
}

for go in "${@:-go}"; do
	go=$(cd / && GOTOOLCHAIN=local "$go" env GOROOT)/bin/go
	patched_compiler "$go"
	for package in $PACKAGES; do
		std_package "$go" "$package"
	done
	rm -rf "$TEST_TMP/sites-cache"
done
