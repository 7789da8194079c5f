# SPDX-License-Identifier: MIT
# work_NAME BINARY: real work with containers and images, without a network; see work.bash.
# shellcheck shell=bash disable=SC2154

make_hello() { # make_hello OUT: a static program for containers
	mkdir -p "$TEST_TMP/hello.d"
	cat >"$TEST_TMP/hello.d/main.go" <<-'EOF'
		package main

		import (
			"fmt"
			"os"
		)

		func main() {
			host, err := os.Hostname()
			fmt.Println("inside", os.Getpid(), host, err, os.Args[1:])
		}
	EOF
	CGO_ENABLED=0 build_go "$1" "$TEST_TMP/hello.d" go '-ldflags=-s -w'
}

make_root() { # make_root DIR: a root file system with one static program
	mkdir -p "$1/bin" "$1/proc" "$1/dev" "$1/etc" "$1/tmp"
	cp "$TEST_TMP/hello" "$1/bin/hello"
}

make_image() { # make_image DIR: an OCI image layout of one layer, the same bytes each time
	python3 - "$1" "$TREE" <<-'EOF'
		import gzip, hashlib, io, json, os, sys, tarfile
		out, tree = sys.argv[1:]
		os.makedirs(out + "/blobs/sha256")
		def blob(data):
		    digest = hashlib.sha256(data).hexdigest()
		    open(f"{out}/blobs/sha256/{digest}", "wb").write(data)
		    return {"digest": "sha256:" + digest, "size": len(data)}
		raw = io.BytesIO()
		with tarfile.open(fileobj=raw, mode="w") as tar:
		    for name in sorted(os.listdir(tree + "/a")):
		        data = open(f"{tree}/a/{name}", "rb").read()
		        info = tarfile.TarInfo("data/" + name)
		        info.size = len(data)
		        tar.addfile(info, io.BytesIO(data))
		oci = "application/vnd.oci.image."
		layer = blob(gzip.compress(raw.getvalue(), mtime=0)) | {"mediaType": oci + "layer.v1.tar+gzip"}
		config = blob(json.dumps({"architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z",
		    "config": {"Cmd": ["/bin/x"], "Labels": {"a": "b"}}, "rootfs": {"type": "layers",
		    "diff_ids": ["sha256:" + hashlib.sha256(raw.getvalue()).hexdigest()]}}).encode())
		manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": oci + "manifest.v1+json",
		    "config": config | {"mediaType": oci + "config.v1+json"}, "layers": [layer]}).encode())
		json.dump({"schemaVersion": 2, "manifests": [manifest | {"mediaType": oci + "manifest.v1+json",
		    "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}, open(out + "/index.json", "w"))
		json.dump({"imageLayoutVersion": "1.0.0"}, open(out + "/oci-layout", "w"))
	EOF
}

work_runc() {
	"$1" --version
	make_root bundle/rootfs
	"$1" spec --bundle bundle
	python3 - <<-'EOF'
		import json
		spec = json.load(open("bundle/config.json"))
		print(json.dumps(spec, sort_keys=True))
		spec["process"].update(terminal=False, args=["/bin/hello", "a", "b"])
		json.dump(spec, open("bundle/config.json", "w"))
	EOF
	if [ "$(id -u)" = 0 ]; then
		"$1" --root "$PWD/state" run --bundle bundle "probes-$$" 2>run.messages || cat run.messages
		"$1" --root "$PWD/state" list -q
	fi
}

start_containerd() { # start_containerd BINARY: sets SOCKET
	SOCKET=$PWD/containerd.sock
	cat >containerd.toml <<-EOF
		version = 2
		root = "$PWD/containerd-root"
		state = "$PWD/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs",
			"io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
			"io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$SOCKET"
		[ttrpc]
		address = "$SOCKET.ttrpc"
	EOF
	background containerd "$1" --config containerd.toml --log-level warn
	wait_for 30 "$x/containerd/usr/bin/ctr" -a "$SOCKET" version >/dev/null 2>&1
}

work_containerd() {
	local ctr=$x/containerd/usr/bin/ctr
	"$1" --version
	"$1" config default
	[ -n "$PRIVATE" ] || return 0
	start_containerd "$1"
	"$ctr" -a "$SOCKET" namespaces create one label=a
	"$ctr" -a "$SOCKET" namespaces list
	make_image image
	tar -C image -cf image.tar .
	"$ctr" -a "$SOCKET" -n one images import --base-name here/image --no-unpack image.tar
	"$ctr" -a "$SOCKET" -n one images list | awk '{print $1, $3}'
	"$ctr" -a "$SOCKET" -n one images tag here/image:latest here/other:latest
	"$ctr" -a "$SOCKET" -n one images rm --sync here/other:latest
	# Only the image's blobs: the archive's own index is garbage, collected some time later.
	"$ctr" -a "$SOCKET" -n one content list -q | grep -F "$(ls image/blobs/sha256)" | sort
	"$ctr" -a "$SOCKET" -n one images export out.tar here/image:latest
	tar -tf out.tar | sort
	kill -TERM "$PID"
	wait "$PID" && echo "ended in order"
}

work_dockerd() {
	local api=(get --unix-socket "$PWD/d.sock" http://docker) tries
	"$1" --version
	printf '{"log-level": "warn", "deprecated-key-path": "%s"}' "$PWD/key.json" >good.json
	printf '{"no-such-setting": 1}' >bad.json
	! "$1" --config-file bad.json 2>&1
	[ -n "$PRIVATE" ] || return 0
	export PATH=$x/runc/usr/sbin:$PATH
	start_containerd "$x/containerd/usr/bin/containerd"
	background dockerd "$1" --config-file good.json -H "unix://$PWD/d.sock" --containerd "$SOCKET" \
		--data-root "$PWD/docker" --exec-root "$PWD/exec" --pidfile "$PWD/d.pid" \
		--storage-driver vfs --iptables=false --ip6tables=false --bridge none --ip-masq=false
	wait_for 30 answers --unix-socket "$PWD/d.sock" http://docker/_ping
	"${api[@]}/_ping" && echo
	"${api[@]}/version" | grep -oE '"(Version|ApiVersion|GoVersion)":"[^"]*"'
	tar -C "$TREE/a" --sort=name --mtime=@0 --owner=0 --group=0 -cf layer.tar .
	"${api[@]}/images/create?fromSrc=-&repo=here&tag=1" -T - -X POST <layer.tar | grep -o '"status"'
	"${api[@]}/images/json" | grep -oE '"RepoTags":\[[^]]*\]|"Size":[0-9]*'
	"${api[@]}/images/here:1/get" | tar -xO --wildcards '*/layer.tar' | tar -t | sort | sha256sum
	"${api[@]}/volumes/create" -H 'Content-Type: application/json' -d '{"Name": "volume"}' | grep -o '"Name":"volume"'
}

work_docker() {
	export DOCKER_CONFIG=$PWD/docker-config
	"$1" --version
	"$1" --help
	"$1" context create here --docker host=tcp://127.0.0.1:1
	"$1" context ls --format '{{.Name}} {{.DockerEndpoint}}'
	"$1" context export here - | tar -t
	! "$1" --host tcp://127.0.0.1:1 ps 2>&1
	"$1" run --help | sha256sum
}

work_skopeo() {
	make_image image
	"$1" --insecure-policy copy --quiet oci:image:latest dir:folder
	digest_tree folder
	"$1" inspect oci:image:latest
	"$1" --insecure-policy copy --quiet oci:image:latest docker-archive:archive.tar:here:1
	"$1" list-tags docker-archive:archive.tar
	"$1" manifest-digest folder/manifest.json
}

work_buildah() {
	local container storage=(--root "$PWD/storage" --runroot "$PWD/runroot" --storage-driver vfs)
	export BUILDAH_ISOLATION=chroot
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
	container=$("$1" "${storage[@]}" from scratch)
	echo "$container"
	"$1" "${storage[@]}" copy --quiet "$container" "$TREE/a" /data >/dev/null
	"$1" "${storage[@]}" config --label made=here --cmd /bin/x "$container"
	"$1" "${storage[@]}" commit --quiet --timestamp 0 --signature-policy policy.json \
		"$container" oci:built:latest >/dev/null
	digest_tree built
	"$1" "${storage[@]}" rm "$container" >/dev/null
	"$1" "${storage[@]}" containers -q
}

work_podman() {
	local storage=(--root "$PWD/storage" --runroot "$PWD/runroot" --storage-driver vfs
		--tmpdir "$PWD/tmp" --events-backend none)
	"$1" --version
	[ -n "$PRIVATE" ] || return 0
	printf '[engine]\nconmon_path = ["%s"]\n' "$x/conmon/usr/bin/conmon" >containers.conf
	export CONTAINERS_CONF=$PWD/containers.conf PATH=$x/runc/usr/sbin:$PATH
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
	make_image image
	tar -C image -cf image.tar .
	"$1" "${storage[@]}" load --signature-policy policy.json -q -i image.tar
	"$1" "${storage[@]}" images --format '{{.Repository}} {{.Tag}} {{.Size}} {{.ID}}'
	"$1" "${storage[@]}" image inspect --format '{{.Config.Cmd}} {{.Labels}}' latest 2>&1 || true
	"$1" completion bash | sha256sum
}
