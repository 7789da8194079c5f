# SPDX-License-Identifier: MIT
# A bpftrace of 0.24 or later, which reads notes by libbpf where older ones do by bcc. Where the
# installed one is older, Debian's and Ubuntu's newest is unpacked beside it, with all of its
# libraries, into a cache folder; nothing is installed. After tests/lib.sh.
# shellcheck shell=bash

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/goprobes-tests/bpftrace

at_least_24() { # at_least_24 BPFTRACE
	local version
	version=$("$1" --version 2>/dev/null) && [[ $version =~ v0\.([0-9]+) ]] &&
		[ "${BASH_REMATCH[1]}" -ge 24 ]
}

# The first of the machine's own package sources for its distribution, with another suite.
newest_source() { # newest_source DISTRIBUTION SUITE COMPONENTS: "deb [options] URI SUITE main"
	local keys=/usr/share/keyrings/$1-archive-keyring.gpg codename uri
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016
	uri=$(apt-get indextargets --format '$(CODENAME) $(SUITE) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' | awk -v codename="$codename" '
		($1 == codename || $2 == codename) && $3 == "main" && !n++ { print $4 }')
	[ -e "$keys" ] || keys=
	[ -z "$uri" ] || echo "deb ${keys:+[signed-by=$keys] }$uri $2 $3"
}

private_apt() { # private_apt ARG...: apt-get that knows only $WORK/sources.list
	APT_CONFIG=$WORK/apt.conf apt-get -q -y -o APT::Sandbox::User=root "$@"
}

unpack_newest() { # unpack_newest DISTRIBUTION SUITE COMPONENTS: into $WORK/root
	mkdir -p "$WORK"/{state/lists,cache/archives}/partial
	: >"$WORK/status" # as if nothing were installed: all libraries come too
	newest_source "$@" >"$WORK/sources.list"
	[ -s "$WORK/sources.list" ] || return 1
	cat >"$WORK/apt.conf" <<-END
		Dir::Etc::sourcelist "$WORK/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::Etc::preferencesparts "-";
		Dir::State "$WORK/state";
		Dir::State::status "$WORK/status";
		Dir::Cache "$WORK/cache";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	END
	private_apt update && private_apt install --no-install-recommends --download-only bpftrace ||
		return 1
	local package
	for package in "$WORK"/cache/archives/*.deb; do
		dpkg-deb -x "$package" "$WORK/root" || return 1
	done
}

write_wrapper() { # $CACHE/bpftrace runs the unpacked one with its own loader and libraries
	cat >"$CACHE/bpftrace" <<-'END'
		#!/bin/sh
		root=$(dirname "$(readlink -f "$0")")/root
		for folder in "$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu; do
			path=$path:$folder
		done
		for loader in "$root"/usr/lib/*-linux-gnu/ld-linux*.so.2; do
			exec "$loader" --library-path "${path#:}" "$root/usr/bin/bpftrace" "$@"
		done
	END
	chmod +x "$CACHE/bpftrace"
}

fetch_newest() {
	local suite=sid components=main distribution
	WORK=$TEST_TMP/newest
	distribution=$(. /etc/os-release && echo "${ID:-}")
	case $distribution in
	debian) ;;
	ubuntu) suite=devel components='main universe' ;;
	*) return 1 ;;
	esac
	unpack_newest "$distribution" "$suite" "$components" >"$TEST_TMP/fetch.log" 2>&1 || return 1
	rm -rf "$CACHE/root"
	mv "$WORK/root" "$CACHE/root"
	write_wrapper
	rm -rf "$WORK"
}

newer_bpftrace() { # sets NEWER; skips where there is none to be had
	NEWER=$(command -v bpftrace) && at_least_24 "$NEWER" && return
	NEWER=$CACHE/bpftrace
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock"
	flock 9
	# Once a month is often enough to see what has changed.
	if ! [ -e "$NEWER" ] || [ -n "$(find "$NEWER" -mtime +30)" ]; then fetch_newest || true; fi
	exec 9>&-
	at_least_24 "$NEWER" && return
	[ -e "$TEST_TMP/fetch.log" ] && tail -n 3 "$TEST_TMP/fetch.log"
	if command -v apt-get >/dev/null; then
		skip 'bpftrace 0.24 or later is not to be had from the package sources'
	fi
	echo 'skip - bpftrace 0.24 or later: not installed, and no apt-get to fetch it with'
	exit 0
}
