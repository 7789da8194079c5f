#!/bin/bash
# SPDX-License-Identifier: MIT
# Damaged and hostile images: one line that says what is wrong, and nothing changes.
. "$(dirname "$0")/../lib.sh"
need python3 go

build_go app "$ROOT/tests/fixtures/hello" go -ldflags="-s -w"
cat >hostile.py <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from images import *
app = open("app", "rb").read()
run = {"Entrypoint": ["/app"]}

def save(name, layer=None, how="none", edit=None, layers=None):
    layout = Layout()
    layers = layers or [layer or archive([entry("app", app, mode=0o755)])]
    image = layout.image(layers, run=run, how=how)
    layout.files["index.json"] = pack(layout.index(image))
    if edit:
        edit(layout)
    layout.write(name + ".img")

def largest(layout):
    return max(layout.files, key=lambda name: len(layout.files[name]))

def put(name, value):
    return lambda layout: layout.files.__setitem__(name, value)

def change(kind, find, with_, whole=False):
    """Changes a blob's text, and with `whole` the digests above it."""
    def edit(layout):
        name = next(n for n, d in layout.files.items() if kind in d and n.startswith("blobs"))
        data = layout.files[name]
        new = data.replace(find, with_, 1)
        assert new != data
        if not whole:
            layout.files[name] = new
            return
        del layout.files[name]
        layout.files["blobs/sha256/" + sha(new)[7:]] = new
        for other, text in layout.files.items():
            if other == "index.json":
                size = lambda data: b'"size": %d' % len(data)
                layout.files[other] = text.replace(sha(data).encode(), sha(new).encode()).replace(
                    size(data), size(new))
    return edit

def flip(layout):
    name = largest(layout)
    data = bytearray(layout.files[name])
    data[len(data) // 2] ^= 1
    layout.files[name] = bytes(data)

def header(name, **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)

def huge():
    return header("app", size=1 << 55)

good = archive([entry("app", app, mode=0o755)])
save("good")
save("flipped", edit=flip)
save("flipped-gzip", how="gzip", edit=flip)
save("missing", edit=lambda layout: layout.files.pop(largest(layout)))
save("size", edit=lambda layout: layout.files.update(
    {"index.json": layout.files["index.json"].replace(b'"size": ', b'"size": 1')}))
save("text", edit=change(b'"schemaVersion"', b'"schemaVersion": 2', b'"schemaVersion": 3'))
save("json", edit=put("index.json", b'{"manifests": ['))
save("deep", edit=put("index.json", b'{"manifests": ' + b"[" * 100000 + b"]" * 100000 + b"}"))
save("nul", edit=put("index.json", b'{"manifests": []}\0'))
save("array", edit=put("index.json", b"[]"))
save("none", edit=put("index.json", b'{"manifests": []}'))
save("digest", edit=put("index.json", b'{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}'))
save("sha512", edit=put("index.json", b'{"manifests": [{"digest": "sha512:' + b"a" * 128 + b'"}]}'))
save("twice", edit=change(b'"schemaVersion"', b'"annotations": {"org',
                          b'"config": {}, "annotations": {"org', True))
save("diffid", edit=lambda layout: None, layers=[good])
save("cut-layer", good[:len(app) // 2 // 512 * 512])
save("huge", huge())
save("garbage", b"no tar archive at all" * 100)
save("pax", archive([entry("app", app, mode=0o755, pax={"comment": "x" * 20})]).replace(
    b"comment=", b"comment!"))
save("bigpax", header("x", type=b"x", size=1 << 30) + bytes(1024))
save("path", archive([entry("../../../../" + "a/" * 3000 + "app", app, mode=0o755)]))
save("sparse", sparse_blocks("app"))
whole = open("good.img", "rb").read()
open("cut.img", "wb").write(whole[:len(whole) // 2])
open("cut-head.img", "wb").write(whole[:1024 + 100])
open("packed.img", "wb").write(gzip.compress(whole, 1))
open("tar.img", "wb").write(archive([entry("x", b"x")]))

def docker(name, manifest, more=()):
    config = pack({"architecture": "amd64", "os": "linux", "config": run,
                   "rootfs": {"diff_ids": [sha(good)]}})
    open(name + ".img", "wb").write(archive([entry("c.json", config), entry("l.tar", good), *more,
                                            entry("manifest.json", pack(manifest))]))

docker("outside", [{"Config": "../../etc/passwd", "Layers": ["l.tar"]}])
docker("absolute", [{"Config": "c.json", "Layers": ["/etc/passwd"]}])
docker("cycle", [{"Config": "c.json", "Layers": ["a"]}], [
    entry("a", kind=tarfile.SYMTYPE, link="b"), entry("b", kind=tarfile.SYMTYPE, link="a")])
docker("numbers", [{"Config": 1, "Layers": [2]}])
docker("object", {"Config": "c.json"})
docker("layers", [{"Config": "c.json", "Layers": ["l.tar", "l.tar"]}])

def one(name, **config):
    global run
    old, run = run, config
    save(name)
    run = old

dots = "./" * 2000000
one("long-word", Entrypoint=["/" + dots + "app"])
one("long-folder", Entrypoint=["app"], WorkingDir="/" + dots)
one("long-path", Entrypoint=["sh", "-c", "a " * 1000000], Env=["PATH=" + "/x:" * 1000000])

def both(name, layers, named):
    """An archive with index.json and manifest.json, which names the layers that `named` says."""
    def edit(layout):
        config, layer = (next(n for n, d in layout.files.items() if mark in d and "blobs" in n)
                         for mark in (b'"diff_ids"', app))
        ids = {"sha256:" + layer[13:]: {"digest": "sha256:" + layer[13:], "size": len(good)}}
        layout.files["manifest.json"] = pack([{"Config": config, "Layers": named(layer),
                                               "LayerSources": ids}])
    save(name, layers=layers, edit=edit)

both("same-layers", [good, good], lambda layer: [layer, layer])
both("no-strings", [good], lambda layer: [5])
layout = Layout()
layout.files["index.json"] = pack(layout.index(layout.image([good], run=run, how="none")))
layout.write("folder", folder=True)
END
python3 hostile.py "$ROOT/tests/image"

refused() { # refused CODE IMAGE REGEX: one line, and nothing has changed
	local before
	before=$(sha256sum "$2.img")
	expect_exit "$1" "$PROBES" inject -p net_http:server_request_start "$2.img"
	expect_match err "^probes: $2.img: .*$3"
	if [ "$(grep -c '^probes:' err)" = 1 ] && [ "$(sha256sum "$2.img")" = "$before" ] &&
		[ -z "$(find . -name '*probes~*')" ]; then ok "$2"; else not_ok "$2"; fi
}

refused 1 flipped 'blobs/sha256/[0-9a-f]{64} holds other bytes: their digest is sha256:'
refused 1 flipped-gzip 'damaged gzip|holds other bytes'
refused 1 missing 'blobs/sha256/[0-9a-f]{64} is missing$'
refused 1 size 'has [0-9]+ bytes; its descriptor says otherwise$'
refused 1 text 'holds other bytes'
refused 1 json 'index.json: not JSON, or nested too deep, at offset'
refused 1 deep 'index.json: not JSON, or nested too deep, at offset'
refused 1 nul 'NUL byte'
refused 1 array 'index.json is not that of an image'
refused 3 none 'no linux/amd64 image in it; the file is unchanged'
refused 1 digest "'sha256:../../../etc/passwd', which is no SHA-256 digest"
refused 1 sha512 'which is no SHA-256 digest'
refused 1 twice 'more than one member "config"'
refused 1 cut-layer 'truncated: the tar archive ends in the middle of app'
refused 1 huge 'a size of 36028797018963968 bytes in the tar header'
refused 1 garbage 'no tar header at offset 0'
refused 1 pax 'a damaged pax header'
refused 1 bigpax 'an extended tar header of 1073741824 bytes'
refused 1 path 'a path of [0-9]+ bytes'
refused 1 sparse '/app is stored as a sparse file in its layer'
refused 1 cut 'truncated'
refused 1 cut-head 'truncated'
refused 1 packed 'a compressed file; unpack it'
refused 1 tar 'no image: neither index.json'
refused 1 outside "refers to '../../etc/passwd', which is not inside it"
refused 1 absolute "refers to '/etc/passwd', which is not inside it"
refused 1 cycle 'a is missing'
refused 1 numbers "refers to '', which is not inside it"
refused 1 object 'no array'
refused 1 layers '2 layers, and 1 diff_ids'
refused 3 long-word 'no program chosen; the file is unchanged'
refused 3 long-folder 'no program chosen; the file is unchanged'
refused 3 long-path 'no program chosen; the file is unchanged'

for image in same-layers no-strings; do
	timeout 60 "$PROBES" inject -o out.img $image.img 2>err || die "$image: $(cat err)"
	python3 "$ROOT/tests/image/images.py" check out.img >list
	tar -xOf out.img manifest.json >manifest
	tar -tf out.img | sed -n 's#^blobs/sha256/\(.\)#\1#p' >blobs
	for digest in $(grep -oE '[0-9a-f]{64}' manifest | sort -u); do
		[ $image = no-strings ] || grep -qx "$digest" blobs || die "$image: $digest is old"
	done
	ok $image
done
find folder | sort >before
expect_exit 1 timeout 60 "$PROBES" inject -o folder/out folder
expect_match err '^probes: folder/out: the new folder cannot be inside the image itself$'
find folder | sort | cmp - before || die "litter in the image's folder"
ok "a copy inside the image"

# No room: neither the image nor anything beside it changes. Interrupted likewise.
before=$(sha256sum good.img)
size=$(($(stat -c %s good.img) / 1024))
(trap '' XFSZ; ulimit -f $((size / 2)); exec "$PROBES" inject good.img) 2>err &&
	die "no room, and it succeeds"
expect_match err 'File too large|cannot write'
for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
	timeout -s KILL $delay "$PROBES" inject -o killed.img good.img 2>/dev/null || true
done
[ "$(sha256sum good.img)" = "$before" ] || die "the image has changed"
[ -z "$(find . -name '*probes~*')" ] || die "litter: $(find . -name '*probes~*')"
ok "no room, killed"
