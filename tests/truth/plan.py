#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what a tracer needs to record every event of an injected file.

plan.py libbpf LIST FILE [FUNCTION]...   plan for capture; plain uprobes on the functions
plan.py bpftrace LIST FILE               bpftrace script that prints the same event lines
plan.py only MODE LIST                   the list with the probes of one of the fixture's modes
LIST is the output of `probes list --json FILE`. A mode that areas/ knows has the probes of
that area; each other mode has those that no area claims.
"""
import fnmatch
import json
import pathlib
import struct
import sys

BPFTRACE_WORDS = 6  # bpftrace 0.17: "x86_64 doesn't support arg6"


def texts(probe):
    """Numbers of the words that point at bytes, the length being in the next word."""
    args = probe["args"]
    return [i for i, arg in enumerate(args[:-1])
            if arg["of"] in ("string", "[]byte") and args[i + 1]["of"] == arg["of"]
            and args[i + 1]["name"] == arg["name"] + "_len"]


def probes(path):
    with open(path, encoding="utf-8") as source:
        return json.load(source)["files"][0]["probes"]


def among(probe, patterns):
    name = f"{probe['provider']}:{probe['name']}"
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def only(mode, path):
    """Prints the list without the probes that a run in this mode is not traced with."""
    areas = {file.stem: json.loads(file.read_text(encoding="utf-8"))
             for file in pathlib.Path(__file__).with_name("areas").glob("*.json")}
    with open(path, encoding="utf-8") as source:
        whole = json.load(source)
    listed = whole["files"][0]["probes"]
    if mode in areas:
        patterns = areas[mode]["probes"] + areas[mode].get("also", [])
        listed = [probe for probe in listed if among(probe, patterns)]
    else:
        claimed = [pattern for area in areas.values() for pattern in area["probes"]]
        listed = [probe for probe in listed if not among(probe, claimed)]
    whole["files"][0]["probes"] = listed
    json.dump(whole, sys.stdout)


def file_offset(path, address):
    """Where the program headers put an address (ELF-64, little-endian)."""
    with open(path, "rb") as source:
        data = source.read(4096)
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    with open(path, "rb") as source:
        source.seek(start)
        headers = source.read(size * count)
    for i in range(count):
        kind, _, offset, vaddr, _, length = struct.unpack_from("<IIQQQQ", headers, i * size)
        if kind == 1 and vaddr <= address < vaddr + length:
            return offset + address - vaddr
    raise SystemExit(f"plan: {path}: no segment holds {address:#x}")


def libbpf(listed, path, functions):
    for probe in listed:
        at = "".join(f" {i}" for i in texts(probe))
        print(f"usdt {probe['provider']} {probe['name']} {len(probe['args'])}{at}")
        for site in probe["sites"]:
            offset = file_offset(path, int(site["address"], 16))
            print(f"site {offset:#x} {' '.join(site['operands'])}")
    for function in functions:
        found = [site for probe in listed for site in probe["sites"]
                 if site.get("function") == function]
        if not found:
            continue  # none of this mode's probes is in it
        address = int(found[0]["function_address"], 16)
        print(f"uprobe {file_offset(path, address):#x} {function}")


def bpftrace(listed, path):
    """Each line begins with the time: bpftrace keeps one buffer for each processor."""
    for probe in listed:
        count = min(len(probe["args"]), BPFTRACE_WORDS)
        strings = [i for i in texts(probe) if i + 1 < count]
        name = f"{probe['provider']}:{probe['name']}"
        shape = "".join(" %llx" for _ in range(count)) + "".join(" / %rh" for _ in strings)
        words = ["nsecs"] + [f"arg{i}" for i in range(count)]
        words += [f"buf(arg{i}, arg{i + 1})" for i in strings]
        print(f'usdt:{path}:{name} {{ printf("%llx {name}{shape}\\n", {", ".join(words)}); }}')


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("libbpf", "bpftrace", "only"):
        raise SystemExit(__doc__)
    if sys.argv[1] == "only":
        only(sys.argv[2], sys.argv[3])
        return
    listed = probes(sys.argv[2])
    if sys.argv[1] == "libbpf":
        libbpf(listed, sys.argv[3], sys.argv[4:])
    else:
        bpftrace(listed, sys.argv[3])


main()
