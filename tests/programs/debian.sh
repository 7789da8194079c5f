#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 2400
# Go programs from Debian packages do the same real work with every probe injected, and strip
# gives each back byte for byte. Packages are unpacked below TEST_TMP, never installed;
# DEB_CACHE=DIR keeps the downloads, PROGRAMS="caddy hugo" takes only these.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/programs/files.bash"
. "$ROOT/tests/programs/containers.bash"
. "$ROOT/tests/programs/packages.bash"
need go python3 curl
# name, package, file in it, what the work is; work_NAME (dashes as _) is in the other files
TABLE='
caddy|caddy|usr/bin/caddy|served a page, an archive and a proxied request
prometheus|prometheus|usr/bin/prometheus|scraped itself and answered a query
promtool|prometheus|usr/bin/promtool|checked a configuration, ran rule tests
node-exporter|prometheus-node-exporter|usr/bin/prometheus-node-exporter|served metrics
etcd|etcd-server|usr/bin/etcd|put, got, watched keys
etcdctl|etcd-client|usr/bin/etcdctl|put and got keys over gRPC
containerd|containerd|usr/bin/containerd|started, took content, made namespaces
dockerd|docker.io|usr/sbin/dockerd|started, imported an image, answered the API
docker|docker.io|usr/bin/docker|completion, help, a context
runc|runc|usr/sbin/runc|wrote a spec, ran a container
gh|gh|usr/bin/gh|completion, settings, aliases
hugo|hugo|usr/bin/hugo|built a site
rclone|rclone|usr/bin/rclone|hashed, synced and served a tree
restic|restic|usr/bin/restic|backed up, checked, restored a tree
syncthing|syncthing|usr/bin/syncthing|made keys, served its API
gocryptfs|gocryptfs|usr/bin/gocryptfs|made and read an encrypted folder
kubectl|kubernetes-client|usr/bin/kubectl|made manifests, merged a kustomization
minify|minify|usr/bin/minify|minified a page
fzf|fzf|usr/bin/fzf|filtered lists
gron|gron|usr/bin/gron|flattened JSON and back
age|age|usr/bin/age|encrypted and decrypted a tree
age-keygen|age|usr/bin/age-keygen|made a key
gofmt|golang-1.19-go|usr/lib/go-1.19/bin/gofmt|formatted sources
compile|golang-1.19-go|usr/lib/go-1.19/pkg/tool/linux_amd64/compile|compiled a package
nncp-hash|nncp|usr/bin/nncp-hash|hashed a tree
skopeo|skopeo|usr/bin/skopeo|copied and inspected an image
buildah|buildah|usr/bin/buildah|built an image
podman|podman|usr/bin/podman|loaded and listed an image
'
BESIDES='etcd-server containerd runc age fuse3 conmon' # other programs that some work needs

# Root's work runs with a /run and /var/lib of its own: no mount, socket or cache of a
# container tool stays behind. PRIVATE is empty where that cannot be; then they do less.
PRIVATE=
export PRIVATE
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then PRIVATE=yes; fi

work() { # work NAME DIR: what the work prints goes to DIR/result; see work.bash
	${PRIVATE:+unshare -m} bash "$ROOT/tests/programs/work.bash" "$1" "$2" \
		>"$2/result" 2>"$2/messages" </dev/null && [ -s "$2/result" ] && return
	tail -n 15 "$2/messages" "$2"/*.log >&2 2>/dev/null || true
	return 1
}

count_probes() { # count_probes FILE: "61 probes 143 sites"
	"$PROBES" list --json "$1" | python3 -c 'import json, sys
notes = json.load(sys.stdin)["files"][0]["probes"]
print(len(notes), "probes", sum(len(n["sites"]) for n in notes), "sites")'
}

# compare NAME FILE: the whole check of one program; prints what it added on success. All
# runs use the same directory, one after the other, since results may name it.
compare() {
	local name=$1 original=$2 dir=$TEST_TMP/work/$1 keep=$TEST_TMP/keep/$1 kind
	mkdir -p "$dir" "$keep"
	cp "$original" "$keep/untouched"
	"$PROBES" inject -o "$keep/injected" "$original" 2>"$keep/report" || return 1
	"$PROBES" inject --every-function -o "$keep/every" "$original" 2>"$keep/every.report" ||
		return 1
	"$PROBES" verify "$keep/injected" "$keep/every" >"$keep/verify" || return 1
	count_probes "$keep/injected" >"$keep/count" || return 1
	for kind in untouched injected every; do
		rm -rf "$dir" && mkdir -p "$dir"
		install -m 755 "$keep/$kind" "$dir/$name"
		work "$name" "$dir" || { echo "$name, $kind, does not do its work" >&2; return 1; }
		mv "$dir/result" "$keep/$kind.result"
		diff "$keep/untouched.result" "$keep/$kind.result" >&2 || return 1
	done
	for kind in injected every; do
		"$PROBES" strip "$keep/$kind" && cmp "$keep/$kind" "$original" || return 1
	done
	added "$keep"
	rm -rf "$keep" "$dir"
}

added() { # added DIR: "61 probes 143 sites, +60 kB (in every function: 9000 sites)"
	local size
	size=$(sed -nE '1s/.* ([0-9]+) bytes added.*/\1/p' "$1/report")
	echo "$(cat "$1/count"), +$((size / 1000)) kB" \
		"(also in every function: $(sed -nE '1s/.* ([0-9]+) sites.*/\1/p' "$1/every.report") sites)"
}

try() { # try NAME PACKAGE PATH WORK: one line of the table
	local file=$x/$2/$3 version added
	fetch "$2" || { echo "skip - $1: package $2 cannot be had" && return; }
	version="$1 $(cat "$x/$2.version") $(cd / && go version "$file" | sed 's/.*: //')"
	if [[ $(ldd "$file" 2>/dev/null) != *'not found'* ]] || with_libraries "$file"; then
		if added=$(compare "$1" "$file"); then
			ok "$version: $added, $4, strip identical"
		else
			not_ok "$version: $4"
		fi
	else
		echo "skip - $1: libraries are missing: $(ldd "$file" | grep 'not found' | tr '\n' ' ')"
	fi
}

main() { # a function, so that bash has read all of this file before the work begins
	local package name path what
	for package in $BESIDES; do fetch "$package" || true; done
	make_tree "$TEST_TMP/tree"
	make_hello "$TEST_TMP/hello"
	while IFS='|' read -r name package path what; do
		[ -n "$name" ] || continue
		[ -z "${PROGRAMS:-}" ] || [[ " $PROGRAMS " == *" $name "* ]] || continue
		try "$name" "$package" "$path" "$what" </dev/null
	done <<<"$TABLE"
}
main
exit
