#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readelf.py PROBES FILE: exits 1 when `probes list --json` and `readelf -n` differ."""
import json
import re
import subprocess
import sys

NOTE = re.compile(r"Provider: (.*)\n\s+Name: (.*)\n\s+Location: (0x[0-9a-f]+), "
                  r"Base: 0x[0-9a-f]+, Semaphore: (0x[0-9a-f]+)\n\s+Arguments: ?(.*)")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout


def theirs(path):
    for note in NOTE.findall(run("readelf", "-n", "-W", path)):
        provider, name, location, semaphore, args = note
        yield provider, name, int(location, 16), int(semaphore, 16), tuple(args.split())


def ours(probes, path):
    for file in json.loads(run(probes, "list", "--json", path) or '{"files": []}')["files"]:
        for probe in file["probes"]:
            for site in probe["sites"]:
                yield (probe["provider"], probe["name"], int(site["address"], 16),
                       int(site.get("semaphore", "0"), 16), tuple(site["operands"]))


def main():
    probes, path = sys.argv[1:]
    want, have = sorted(theirs(path)), sorted(ours(probes, path))
    for note in want:
        if note not in have:
            print("only readelf:", note)
    for note in have:
        if note not in want:
            print("only list:", note)
    return want != have or not want


if __name__ == "__main__":
    sys.exit(main())
