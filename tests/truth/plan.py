#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what tracers need to record every event of an injected file.

plan.py capture DIR FILE "MODE..." [FUNCTION]...   DIR/MODE.list and DIR/MODE.plan of each of
                the fixture's modes, from DIR/list.json; plain uprobes on the functions
plan.py bpftrace LIST FILE                         bpftrace script that prints the same lines
The lists are those of `probes list --json FILE`. A mode that is an area (areas.py) has the
probes of that area; each other mode has those that no area claims.
"""
import json
import pathlib
import struct
import sys

import areas

BPFTRACE_WORDS = 6  # bpftrace 0.17: "x86_64 doesn't support arg6"


def texts(probe):
    """Numbers of the words that point at bytes, the length being in the next word."""
    args = probe["args"]
    return [i for i, arg in enumerate(args[:-1])
            if arg["of"] in ("string", "[]byte") and args[i + 1]["of"] == arg["of"]
            and args[i + 1]["name"] == arg["name"] + "_len"]


def of_mode(mode, listed, known):
    """The probes that a run in this mode is traced with."""
    def among(probe, patterns):
        return areas.among(f"{probe['provider']}:{probe['name']}", patterns)

    if mode in known:
        patterns = known[mode]["probes"] + known[mode].get("also", [])
        return [probe for probe in listed if among(probe, patterns)]
    claimed = [pattern for area in known.values() for pattern in area["probes"]]
    return [probe for probe in listed if not among(probe, claimed)]


def segments(path):
    """(offset, address, size) of what the program headers load (ELF-64, little-endian)."""
    with open(path, "rb") as source:
        head = source.read(64)
        start, = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        source.seek(start)
        headers = source.read(size * count)
    found = [struct.unpack_from("<IIQQQQ", headers, i * size) for i in range(count)]
    return [(offset, vaddr, length) for kind, _, offset, vaddr, _, length in found if kind == 1]


def plan(listed, loads, functions):
    """The lines for capture: probes with their sites, then plain uprobes."""
    def place(address):
        address = int(address, 16)
        return next(offset + address - vaddr for offset, vaddr, length in loads
                    if vaddr <= address < vaddr + length)

    for probe in listed:
        at = "".join(f" {i}" for i in texts(probe))
        yield f"usdt {probe['provider']} {probe['name']} {len(probe['args'])}{at}\n"
        for site in probe["sites"]:
            yield f"site {place(site['address']):#x} {' '.join(site['operands'])}\n"
    for function in functions:
        found = [site for probe in listed for site in probe["sites"]
                 if site.get("function") == function]
        if found:  # else none of this mode's probes is in it
            yield f"uprobe {place(found[0]['function_address']):#x} {function}\n"


def capture(folder, path, modes, functions):
    whole = json.loads((folder / "list.json").read_text(encoding="utf-8"))
    listed, loads, known = whole["files"][0]["probes"], segments(path), areas.read()
    for mode in modes:
        chosen = of_mode(mode, listed, known)
        whole["files"][0]["probes"] = chosen
        (folder / f"{mode}.list").write_text(json.dumps(whole), encoding="utf-8")
        (folder / f"{mode}.plan").write_text("".join(plan(chosen, loads, functions)),
                                             encoding="utf-8")


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
    if len(sys.argv) >= 5 and sys.argv[1] == "capture":
        capture(pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4].split(), sys.argv[5:])
    elif len(sys.argv) == 4 and sys.argv[1] == "bpftrace":
        with open(sys.argv[2], encoding="utf-8") as source:
            bpftrace(json.load(source)["files"][0]["probes"], sys.argv[3])
    else:
        raise SystemExit(__doc__)


main()
