#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""table.py tells apart what fired, what is absent by design, and everything else."""
import json
import os
import pathlib
import subprocess
import sys

TABLE = pathlib.Path(__file__).with_name("table.py")
TMP = pathlib.Path(os.environ["TEST_TMP"])
CATALOG = {"probes": [
    {"provider": "net", "name": name, "variants": [{"go": go} for go in ranges]}
    for name, ranges in [("always", ["1.18+"]), ("late", ["1.21", "1.22+"]),
                         ("gone", ["1.18-1.20"]), ("moved", ["1.18-1.20", "1.21+"])]]}
FINE = {
    "go1.18.10": {"net:always": "ok", "net:late": "go-version", "net:gone": "ok",
                  "net:moved": "ok"},
    "go1.21.13": {"net:always": "ok", "net:late": "ok", "net:gone": "go-version",
                  "net:moved": "ok"},
    "go1.28rc1": {"net:always": "ok", "net:late": "ok", "net:moved": "ok"}}


def table(reports):
    """Exit code, and the cells of each probe, for RELEASE-KIND -> report."""
    paths = [TMP / "catalog.json"]
    paths[0].write_text(json.dumps(CATALOG))
    for name, report in reports.items():
        paths.append(TMP / f"{name}.json")
        paths[-1].write_text(json.dumps(report))
    done = subprocess.run([sys.executable, TABLE, *paths], stdout=subprocess.PIPE, text=True,
                          check=False)
    head, *rows, total = done.stdout.splitlines()
    assert head.split() == ["PROBE", *sorted({n.rsplit("-", 1)[0][2:] for n in reports},
                                             key=lambda r: int(r[2:4]))], head
    return done.returncode, {row.split()[0]: row.split()[1:] for row in rows}, total


def one_wrong(what, cell, **changes):
    """With the changes to the static build of 1.21.13, one cell says what is wrong."""
    reports = {f"{release}-{kind}": dict(report) for release, report in FINE.items()
               for kind in ("static", "pie")}
    report = reports["go1.21.13-static"]
    for name, outcome in changes.items():
        report["net:" + name] = outcome
        if outcome is None:
            del report["net:" + name]
    code, cells, total = table(reports)
    name = next(iter(changes))
    assert code == 1 and total.endswith("1 wrong"), (what, total)
    assert " ".join(cells["net:" + name][1:-1]) == "static:" + cell, (what, cells)
    print(f"ok - {what}: {cell}")


def main():
    code, cells, total = table({f"{release}-{kind}": report for release, report in FINE.items()
                                for kind in ("static", "sw")})
    assert code == 0, total
    assert cells == {"net:always": ["ok"] * 3, "net:late": ["-", "ok", "ok"],
                     "net:gone": ["ok", "-", "-"], "net:moved": ["ok"] * 3}, cells
    assert total == ("4 probes x 3 releases: 9 fired with right values, 3 absent by design, "
                     "0 wrong"), total
    print("ok - fired, and absent by design")
    one_wrong("refused as a whole", "not-in-binary", late="not-in-binary")
    one_wrong("wrong values", "wrong", always="wrong")
    one_wrong("silent", "never fired", moved=None)
    one_wrong("refused for its version though defined", "go-version", always="go-version")
    one_wrong("fired though not defined", "undefined", gone="ok")
    one_wrong("refused though not defined", "undefined", gone="no-frame")


if __name__ == "__main__":
    main()
