#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Go's numbers of the enumerations in stdlib-probes/*.yaml, against the source of Go.

tests/probe/enums.py [GO...], GO being a go command; default: all of tests/toolchains.sh.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("ROOT") or pathlib.Path(__file__).resolve().parents[2])
PROBES = os.environ.get("PROBES", str(ROOT / "build/probes"))


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def constants(folder, kind):
    """Names of the type's constants in the order of their numbers, from 0."""
    for path in sorted(pathlib.Path(folder).glob("*.go")):
        block = re.search(rf"^const \(\n([^)]*?^\s*\w+\s+{kind} = iota\b.*?)^\)",
                          path.read_text(encoding="utf-8"), re.M | re.S)
        if block:
            lines = [re.sub(r"//.*", "", line).split() for line in block[1].splitlines()]
            return [line[0] for line in lines if line]
    raise SystemExit(f"enums: {folder} has no constants of type {kind}")


def minor_of(release):
    return int(release.split(".")[1])


def recorded(enum, minor):
    """Our numbers by Go's, as the definitions have them for a release."""
    ours = {}
    for value in enum["values"][1:]:
        code = "-"
        for part in value["raw"].split():
            since, now = part.split(":")
            if minor_of(since) <= minor:
                code = now
        if code != "-":
            ours[int(code)] = value
    return ours


def differences(enum, minor, names):
    """What the definitions should say of a release whose constants are `names`."""
    known = {value["const"]: value for value in enum["values"][1:]}
    ours = recorded(enum, minor)
    if minor > minor_of(enum["until"]):
        yield f'until should be "1.{minor}"'
    for code, name in enumerate(names):
        if code == 0 and name.endswith("Zero"):
            continue
        if name not in known:
            yield (f"new: {{value: {len(enum['values'])}, name: ..., const: {name}, "
                   f'raw: "1.{minor}:{code}"}}')
        elif ours.get(code, {}).get("const") != name:
            yield f"{name} is {code} from Go 1.{minor} on: append 1.{minor}:{code} to its raw"
    for code, value in sorted(ours.items()):
        if value["const"] not in names:
            yield f"{value['const']} is gone: append 1.{minor}:- to its raw"


def toolchains():
    for line in run(str(ROOT / "tests/toolchains.sh")).splitlines():
        if not line.startswith("skip"):
            yield line.split()[1]


def main():
    enums = json.loads(run(PROBES, "catalog", "--json"))["enums"]
    assert enums, "no enumerations in the catalogue"
    failures = 0
    for go in sys.argv[1:] or toolchains():
        root, release = run(go, "env", "GOROOT", "GOVERSION").split()
        for enum in enums:
            package, kind = enum["name"].rsplit(".", 1)
            names = constants(f"{root}/src/{package}", kind)
            wrong = list(differences(enum, minor_of(release), names))
            for line in wrong:
                print(f"not ok - {release}: {enum['name']}: {line}")
            if not wrong:
                print(f"ok - {release}: {enum['name']}, {len(names)} constants")
            failures += len(wrong)
    # The comparison itself must notice a renumbering, a new constant and one that is gone.
    names = [value.get("const", "Zero") for value in enums[0]["values"]]
    then = {**enums[0], "until": "1.18", "values": enums[0]["values"][:1] + [
        {**value, "raw": f"1.18:{value['value']}"} for value in enums[0]["values"][1:]]}
    assert not list(differences(then, 18, names)), "a difference where there is none"
    assert len(list(differences(then, 19, names))) == 1, "a later release goes unnoticed"
    assert len(list(differences(then, 18, names + ["New"]))) == 1
    assert len(list(differences(then, 18, names[:-1]))) == 1
    assert len(list(differences(then, 18, names[:1] + [names[2], names[1]] + names[3:]))) == 2
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
