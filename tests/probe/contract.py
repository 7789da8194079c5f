#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The names and arguments that users rely on are still there: stdlib-probes/contract.txt.

Probes may be added, and arguments appended; anything else breaks a script of someone's.
`tests/probe/contract.py --update` adds what is new to the file.
"""
import json
import os
import subprocess
import sys

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROBES = os.environ.get("PROBES", ROOT + "/build/probes")
CONTRACT = ROOT + "/stdlib-probes/contract.txt"


def current():
    """provider:name -> ["entry" or "return", "method string", ...], stable probes only."""
    out = subprocess.run([PROBES, "catalog", "--json"], check=True, stdout=subprocess.PIPE)
    return {p["provider"] + ":" + p["name"]:
            [p["at"]] + [a["name"] + " " + a["type"] for a in p["args"]]
            for p in json.loads(out.stdout)["probes"] if p["stability"] == "stable"}


def frozen():
    with open(CONTRACT, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    return {row[0]: row[1:] for row in rows}


def broken(now, then):
    """What of the contract `then` does not hold in `now`."""
    for name, row in then.items():
        if name not in now:
            yield f"{name} is gone"
        elif now[name][:len(row)] != row:
            yield f"{name} was ({', '.join(row)}), now ({', '.join(now[name])})"


def main():
    now = current()
    if sys.argv[1:] == ["--update"]:
        with open(CONTRACT, "w", encoding="utf-8") as out:
            out.write("# Stable probes and their arguments after goid; "
                      "made by tests/probe/contract.py --update.\n")
            for name in sorted(now):
                out.write("\t".join([name] + now[name]) + "\n")
        return 0
    then = frozen()
    failures = list(broken(now, then))
    for failure in failures:
        print("not ok - " + failure)
    missing = sorted(name for name in now if now[name] != then.get(name) and name not in
                     {f.split()[0] for f in failures})
    for name in missing:
        print(f"not ok - {name} is new or longer: tests/probe/contract.py --update")
    # The comparison itself must notice each kind of break.
    name = next(iter(then))
    assert list(broken({}, then)), "a lost probe goes unnoticed"
    assert list(broken({**now, name: now[name][:1] + ["other int"]}, {name: now[name] + ["x"]}))
    assert not list(broken({**now, name: now[name] + ["later int"]}, {name: now[name]}))
    if not failures and not missing:
        print(f"ok - {len(then)} probes are as promised")
    return 1 if failures or missing else 0


sys.exit(main())
