# SPDX-License-Identifier: MIT
"""Makes container images from programs, and takes them apart again, independently of probes.

  images.py make KIND OUT PROGRAM    an image of some kind around a program (see KINDS)
  images.py check IMAGE              all digests, sizes and diff ids; prints what is referred to
  images.py compare OLD NEW PATH     every layer entry but PATH is the same, byte for byte
  images.py extract IMAGE PATH OUT   the file as a container would see it
"""
import copy
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

OCI = "application/vnd.oci.image."
CAPS = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"  # cap_net_raw... as in VFS_CAP_REVISION_2


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644, pax=None):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.type, info.linkname, info.mode = kind, link, mode
    info.mtime, info.uid, info.gid = 1234567890, 7, 8
    info.pax_headers = pax or {}
    return info, data


def archive(entries, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if data else None)
    return out.getvalue()


def sparse_blocks(name="sparse"):
    """A GNU sparse file of 8 MiB with 512 bytes of data, as GNU tar writes it."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name), "wb") as file:
            file.seek((8 << 20) - 512)
            file.write(b"s" * 512)
        os.chmod(os.path.join(folder, name), 0o755)
        return piped(b"", "tar", "-C", folder, "--format=gnu", "-S", "-b1", "-cf", "-", name)


def base_layer():
    return archive([
        entry("bin", kind=tarfile.DIRTYPE, mode=0o755),
        entry("bin/sh", b"#!/bin/true\n", mode=0o755),
        entry("usr", kind=tarfile.DIRTYPE, mode=0o755),
        entry("usr/bin", kind=tarfile.DIRTYPE, mode=0o755),
        entry("usr/bin/app", b"an old one\n", mode=0o755),
        entry("opt/gone", b"hidden later\n", mode=0o755),
        entry("srv", kind=tarfile.SYMTYPE, link="usr"),
    ])


def app_layer(program):
    """The program in the middle of everything that a layer can hold."""
    long = "usr/share/" + "d" * 120 + "/" + "n" * 130
    head = archive([
        entry("usr/bin/.wh.old", b""),
        entry("opt/.wh.gone", b""),
        entry("etc/opaque/.wh..wh..opq", b""),
        entry(long, b"long name\n"),
        entry("usr/bin/app", program, mode=0o4755, pax={
            "SCHILY.xattr.security.capability": CAPS.decode("latin-1"),
            "LIBARCHIVE.creationtime": "1234567890.123456789", "mtime": "1234567890.987654321"}),
        entry("usr/bin/second-name", kind=tarfile.LNKTYPE, link="usr/bin/app", mode=0o4755),
        entry("app", kind=tarfile.SYMTYPE, link="srv/bin/../bin/app"),
        entry("dev/null", kind=tarfile.CHRTYPE, mode=0o666),
        entry("etc/umläut", "grüße\n".encode()),
    ])
    gnu = archive([entry("g/" + "x" * 140, b"GNU long name\n"),
                   entry("g/link", kind=tarfile.SYMTYPE, link="y" * 150)], tarfile.GNU_FORMAT)
    last = archive([entry("zzz", b"last\n" * 200)], tarfile.USTAR_FORMAT)
    return strip(head) + strip(gnu) + strip(sparse_blocks()) + last


def strip(tar):
    """Without the end mark: headers and data alone."""
    end = len(tar)
    while not any(tar[end - 512:end]):
        end -= 512
    return tar[:end]


def piped(data, *command):
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def compressed(tar, how):
    if how == "gzip":
        return gzip.compress(tar, 6, mtime=99)
    if how == "zstd":
        return piped(tar, "zstd", "-q", "-c")
    return tar


def pack(value, indent=None):
    return json.dumps(value, indent=indent, ensure_ascii=False).encode()


class Layout:
    """An OCI image layout in memory: blobs by digest, and the other files."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, kind, data, **more):
        self.files["blobs/sha256/" + sha(data)[7:]] = data
        return {"mediaType": kind, "digest": sha(data), "size": len(data), **more}

    def image(self, layers, arch="amd64", run=None, how="gzip", **annotations):
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[how]
        config = {"architecture": arch, "os": "linux",
                  "config": run or {"Env": ["PATH=/nowhere:/usr/bin"], "Entrypoint": ["app", "-x"],
                                    "WorkingDir": "/", "Healthcheck": {"Interval": 30000000000}},
                  "x-large": 9007199254740993123, "x-float": 1.50,
                  "rootfs": {"type": "layers", "diff_ids": [sha(layer) for layer in layers]},
                  "history": [{"created_by": "a & b <c> \u20ac"}]}
        text = pack(config, 1).replace(b"1.5,", b"1.50,")
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                    "config": self.blob(OCI + "config.v1+json", text),
                    "layers": [self.blob(OCI + "layer.v1.tar" + suffix, compressed(layer, how))
                               for layer in layers],
                    "annotations": {"org.opencontainers.image.title": "x", **annotations}}
        manifest["layers"][-1]["annotations"] = {
            "containerd.io/snapshot/stargz/toc.digest": sha(b""), "keep": "me"}
        platform = {"architecture": arch, "os": "linux"}
        return self.blob(OCI + "manifest.v1+json", pack(manifest), platform=platform)

    def index(self, *manifests):
        return {"schemaVersion": 2, "mediaType": OCI + "index.v1+json",
                "manifests": list(manifests),
                "x-unknown": {"b": 1, "a": 12345678901234567890}}

    def attest(self, about):
        statement = pack({"subject": [{"digest": {"sha256": about["digest"][7:]}}]})
        layer = self.blob("application/vnd.in-toto+json", statement)
        unknown = {"architecture": "unknown", "os": "unknown"}
        config = self.blob(OCI + "config.v1+json", pack(unknown))
        return self.blob(OCI + "manifest.v1+json",
                         pack({"schemaVersion": 2, "config": config, "layers": [layer]}),
                         annotations={"vnd.docker.reference.type": "attestation-manifest",
                                      "vnd.docker.reference.digest": about["digest"]},
                         platform=unknown)

    def write(self, out, folder=False):
        if folder:
            for name, data in self.files.items():
                os.makedirs(os.path.join(out, os.path.dirname(name)), exist_ok=True)
                with open(os.path.join(out, name), "wb") as file:
                    file.write(data)
            return
        folders = [entry(n, kind=tarfile.DIRTYPE, mode=0o755) for n in ("blobs", "blobs/sha256")]
        with open(out, "wb") as file:
            file.write(archive(folders + [entry(n, d) for n, d in sorted(self.files.items())],
                               tarfile.USTAR_FORMAT))


def make_layout(program, how="gzip", multi=False):
    layout = Layout()
    image = layout.image([base_layer(), app_layer(program)], how=how)
    if not multi:
        layout.files["index.json"] = pack(layout.index(image))
        return layout
    arm = layout.image([base_layer()], arch="arm64")
    inner = layout.index(image, layout.attest(image), arm, layout.attest(arm))
    layout.files["index.json"] = pack(layout.index(
        layout.blob(OCI + "index.v1+json", pack(inner, 2),
                    annotations={"org.opencontainers.image.ref.name": "latest"})), 3)
    return layout


def make_docker(program, out):
    """As docker save wrote it before it wrote layouts: one layer is a link to another."""
    layers = [base_layer(), archive([entry("etc/x", b"x")]), app_layer(program)]
    layers.insert(1, layers[1])
    config = pack({"architecture": "amd64", "os": "linux",
                   "config": {"Entrypoint": ["/sbin/tini", "--"], "Cmd": ["/app"]},
                   "rootfs": {"type": "layers", "diff_ids": [sha(layer) for layer in layers]}})
    name = sha(config)[7:] + ".json"
    ids = [hashlib.sha256(bytes([i])).hexdigest() for i in range(len(layers))]
    manifest = pack([{"Config": name, "RepoTags": ["shop:1"],
                      "Layers": [i + "/layer.tar" for i in ids]}]) + b"\n"
    entries = [entry(ids[i] + "/layer.tar", layer) for i, layer in enumerate(layers)]
    entries[2] = entry(ids[2] + "/layer.tar", kind=tarfile.SYMTYPE,
                       link="../" + ids[1] + "/layer.tar")
    entries += [entry(ids[0] + "/VERSION", b"1.0"), entry(name, config),
                entry("manifest.json", manifest)]
    with open(out, "wb") as file:
        file.write(archive(entries, tarfile.USTAR_FORMAT))


def make(kind, out, program):
    with open(program, "rb") as file:
        data = file.read()
    if kind == "docker":
        make_docker(data, out)
        return
    how = kind if kind in ("none", "zstd") else "gzip"
    make_layout(data, how, kind == "multi").write(out, folder=kind == "folder")


def read(path):
    """The image's files: name to bytes, in their order."""
    if os.path.isdir(path):
        paths = [os.path.join(root, name) for root, _, names in os.walk(path) for name in names]
        return {os.path.relpath(name, path): open(name, "rb").read() for name in paths}
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if not m.isdir()}


def plain(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return piped(data, "zstd", "-q", "-d", "-c")
    return data


def images(files):
    """(platform, config, layers) of each image; checks every digest and size on the way."""
    def blob(descriptor):
        data = files["blobs/sha256/" + descriptor["digest"][7:]]
        assert sha(data) == descriptor["digest"], descriptor
        assert len(data) == descriptor["size"], descriptor
        seen.add("blobs/sha256/" + descriptor["digest"][7:])
        return data

    def walk(document):
        for child in document.get("manifests", []):
            yield from walk(json.loads(blob(child)))
        if "layers" in document:
            config = json.loads(blob(document["config"]))
            layers = [blob(layer) for layer in document["layers"]]
            if "rootfs" in config:
                yield config, layers

    seen = {name for name in files if not name.startswith("blobs/sha256/")}
    if "index.json" in files:
        found = list(walk(json.loads(files["index.json"])))
    else:
        found = [(json.loads(files[item["Config"]]), [files[name] for name in item["Layers"]])
                 for item in json.loads(files["manifest.json"])]
        for item in json.loads(files["manifest.json"]):
            assert sha(files[item["Config"]])[7:] + ".json" == item["Config"], "name of the config"
    for config, layers in found:
        assert [sha(plain(layer)) for layer in layers] == config["rootfs"]["diff_ids"], "diff ids"
    assert seen == set(files), "blobs that nothing refers to: %s" % (set(files) - seen)
    return found


def headers(tar):
    """Every entry of a tar archive: name, what tarfile says, header blocks, data."""
    parts = []
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        members = opened.getmembers()
    for i, member in enumerate(members):
        until = members[i + 1].offset if i + 1 < len(members) else len(tar)
        parts.append((member.name, member, tar[member.offset:member.offset_data],
                      tar[member.offset_data:until]))
    return parts


def same_but(old, new, path):
    """Compares two layers; the entry at `path` may differ in data, size and checksum only."""
    left, right = headers(plain(old)), headers(plain(new))
    assert [part[0] for part in left] == [part[0] for part in right], "names"
    changed = 0
    for (name, a, head, data), (_, b, new_head, new_data) in zip(left, right):
        if name != path or not a.isreg():
            assert (head, data) == (new_head, new_data), name
            continue
        assert data != new_data, "the program is as it was"
        fields = [head, new_head]
        for i, block in enumerate(fields):
            block = bytearray(block)
            block[-512 + 124:-512 + 136] = bytes(12)
            block[-512 + 148:-512 + 156] = bytes(8)
            fields[i] = bytes(block)
        assert fields[0] == fields[1], "header of the program"
        assert a.pax_headers == b.pax_headers and a.mode == b.mode
        changed += 1
    return changed


def compare(old, new, path):
    changed = 0
    for (config, layers), (new_config, new_layers) in zip(images(read(old)), images(read(new))):
        for layer, new_layer in zip(layers, new_layers):
            assert layer[:4] == new_layer[:4] or layer[:2] != b"\x1f\x8b", "compression"
            if layer != new_layer:
                assert new_layer[:2] != b"\x1f\x8b" or new_layer[4:8] == bytes(4), "a time"
                changed += same_but(layer, new_layer, path)
        config, new_config = copy.deepcopy(config), copy.deepcopy(new_config)
        config["rootfs"].pop("diff_ids")
        new_config["rootfs"].pop("diff_ids")
        assert config == new_config, "config"
    print("changed", changed)


def extract(image, path, out):
    for config, layers in images(read(image)):
        if config["architecture"] != "amd64":
            continue
        for layer in reversed(layers):
            with tarfile.open(fileobj=io.BytesIO(plain(layer))) as tar:
                if path in tar.getnames():
                    with open(out, "wb") as file:
                        shutil.copyfileobj(tar.extractfile(path), file)
                    os.chmod(out, 0o755)
                    return
    sys.exit("no " + path)


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == "check":
        for config, layers in images(read(args[0])):
            print(config["architecture"], len(layers))
    else:
        {"make": make, "compare": compare, "extract": extract}[command](*args)


if __name__ == "__main__":
    main()
