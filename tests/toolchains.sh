#!/bin/bash
# SPDX-License-Identifier: MIT
# Prints "go1.N.P /path/to/go" for each Go toolchain that the tests can use here.
#
# On standard error, "skip - go1.N.P: reason" for each that cannot be had. Toolchains that
# the machine lacks are fetched by the go command itself (GOTOOLCHAIN), from its module proxy.
# GO_VERSIONS="go1.24.12 ..." narrows the list; GO_VERSIONS=local takes what is installed.
set -eu -o pipefail
export PATH="$PATH:/usr/local/go/bin" GOFLAGS=''

# The newest patch release of each minor that the probes know. The one place to update.
KNOWN="go1.18.10 go1.19.13 go1.20.14 go1.21.13 go1.22.12 go1.23.12 go1.24.12 go1.25.12
go1.26.10 go1.27.3"
wanted=${GO_VERSIONS:-$KNOWN}

version_of() { # version_of GO: "go1.24.12", or nothing
	(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null)
}

installed() { # "version path" of each go on this machine, oldest first
	local go
	for go in $(command -v go || true) /usr/lib/go-*/bin/go /usr/local/go*/bin/go; do
		[ -x "$go" ] || continue
		echo "$(version_of "$go") $(readlink -f "$go")"
	done | sort -u -V
}

# A go of 1.21 or later on standard output, which can fetch the others. An older one brings it
# as the module that it is; such a go does not mark the programs in it executable.
able_to_fetch() { # able_to_fetch GO
	local dir
	if [ "$(version_of "$1" | cut -d. -f2)" -ge 21 ]; then
		echo "$1"
		return
	fi
	dir=$(cd / && timeout 300 "$1" mod download -json \
		"golang.org/toolchain@v0.0.1-${KNOWN##*[[:space:]]}.linux-amd64" |
		sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || return
	[ -n "$dir" ] && chmod a+x "$dir"/bin/* "$dir"/pkg/tool/*/* && echo "$dir/bin/go"
}

fetched() { # fetched VERSION: the path of its go, downloaded when needed
	local root
	root=$(cd / && GOTOOLCHAIN=$1 timeout 300 "$fetcher" env GOROOT 2>/dev/null) || return 1
	[ -n "$root" ] && [ "$(version_of "$root/bin/go")" = "$1" ] && echo "$root/bin/go"
}

local_ones=$(installed)
fetcher=$(echo "$local_ones" | awk '$1 != "" {path = $2} END {print path}')
if [ "$wanted" = local ]; then
	echo "$local_ones"
	exit 0
fi
[ -n "$fetcher" ] || { echo "skip - go: not installed (make deps)" >&2; exit 0; }
fetcher=$(able_to_fetch "$fetcher") || fetcher=false
[ -n "$fetcher" ] || fetcher=false
for version in $wanted; do
	path=$(echo "$local_ones" | awk -v v="$version" '$1 == v {print $2; exit}')
	[ -n "$path" ] || path=$(fetched "$version") || {
		echo "skip - $version: neither installed nor to be fetched by the go command" >&2
		continue
	}
	echo "$version $path"
done
# What the machine has beside the list (a patch release of its own) counts too.
[ -n "${GO_VERSIONS:-}" ] || echo "$local_ones" | while read -r version path; do
	case " $(echo $KNOWN) " in *" $version "*) ;; *) echo "$version $path" ;; esac
done
