# SPDX-License-Identifier: MIT
# Unpacks Debian packages below TEST_TMP, never installed. DEB_CACHE=DIR keeps the downloads.
# shellcheck shell=bash
need apt-get dpkg-deb
: "${DEB_CACHE:=$TEST_TMP/debs}"
x=$TEST_TMP/unpacked
export x
mkdir -p "$DEB_CACHE" "$x"
LIBRARIES='libsass1 libgpgme11 libassuan0 libsubid4 libgpg-error0'

fetch() { # fetch PACKAGE: unpacks it to $x/PACKAGE, downloading it when needed
	local deb
	[ -d "$x/$1" ] && return
	deb=$(find "$DEB_CACHE" -name "${1}_*.deb" | head -1)
	[ -n "$deb" ] || (cd "$DEB_CACHE" && timeout 300 apt-get download "$1" >/dev/null 2>&1) ||
		return 1
	deb=$(find "$DEB_CACHE" -name "${1}_*.deb" | head -1)
	dpkg-deb -x "$deb" "$x/$1" && basename "$deb" | cut -d_ -f2 | cut -d- -f1 >"$x/$1.version"
}

with_libraries() { # unpacks the libraries that some programs need beside libc
	local lib
	for lib in $LIBRARIES; do fetch "$lib" || true; done
	LD_LIBRARY_PATH=$(find "$x"/lib* -name '*-linux-gnu' -type d | paste -sd:)
	export LD_LIBRARY_PATH
	[[ $(ldd "$1") != *'not found'* ]]
}

# Without package lists (a fresh machine), get them once.
[[ $(apt-cache policy gron 2>/dev/null) == *Candidate:\ [0-9]* ]] || [ "$(id -u)" != 0 ] ||
	apt-get update >/dev/null 2>&1 || true
