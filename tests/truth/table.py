#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what became of every probe with every Go release: table.py CATALOG REPORT...

CATALOG is the output of `probes catalog --json`, a REPORT what compare.py --report wrote,
named RELEASE-KIND.json. A cell says "ok" when the probe fired with the right values in all
kinds of builds of that release, "-" when it is absent by design (no definition for the
release, or its area (areas.py) is for other "kinds" of builds); else, for each kind, what is
wrong: the reason of a refusal, "wrong" values, or that it never fired. Kind note, where some
probes need a trampoline, is not in it. Exit code 1 when a cell is wrong.
"""
import collections
import json
import pathlib
import re
import sys

import areas


def minor(release):
    """24 of "go1.24.12", "1.24" or "go1.24rc1"."""
    return int(re.search(r"1\.(\d+)", release).group(1))


def holds(variant, release):
    """Whether a variant's range of versions ("1.18-1.26", "1.27+", "1.18") has go1.24.12."""
    first, _, last = variant["go"].rstrip("+").partition("-")
    open_end = variant["go"].endswith("+")
    last = last or first
    return minor(first) <= minor(release) and (open_end or minor(release) <= minor(last))


def cell(probe, variants, release, reports, known):
    found = [outcome.get(probe) for outcome in reports]
    if not any(holds(variant, release) for variant in variants):
        # The injector says so too, unless a pattern left the probe out.
        odd = [f"{kind}:undefined" for kind, what in zip(reports.kinds, found)
               if what not in (None, "go-version")]
        return ",".join(odd) or "-"
    kinds = next((area["kinds"] for area in known
                  if "kinds" in area and areas.among(probe, area["probes"])), reports.kinds)
    wrong = [f"{kind}:{what or 'never fired'}" for kind, what in zip(reports.kinds, found)
             if what != "ok" and not (what in (None, "not-in-binary") and kind not in kinds)]
    return ",".join(wrong) or ("ok" if "ok" in found else "-")


class Reports(list):
    """The outcomes of one release, and the kinds of builds they are from."""

    def __init__(self):
        super().__init__()
        self.kinds = []


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    catalog = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["probes"]
    by_release = collections.defaultdict(Reports)
    for path in map(pathlib.Path, sys.argv[2:]):
        release, _, kind = path.stem.rpartition("-")
        by_release[release].append(json.loads(path.read_text(encoding="utf-8")))
        by_release[release].kinds.append(kind)
    releases = sorted(by_release, key=lambda r: [int(n) for n in re.findall(r"\d+", r)])
    known = areas.read().values()
    rows, bad = [], 0
    for entry in catalog:
        probe = f"{entry['provider']}:{entry['name']}"
        cells = [cell(probe, entry["variants"], r, by_release[r], known) for r in releases]
        bad += sum(c not in ("ok", "-") for c in cells)
        rows.append([probe, *cells])
    wide = max(len(row[0]) for row in rows)
    print(f"{'PROBE':{wide}} " + " ".join(f"{r[2:]:>7}" for r in releases))
    for probe, *cells in rows:
        print(f"{probe:{wide}} " + " ".join(f"{c:>7}" for c in cells))
    fine = sum(row.count("ok") for row in rows)
    none = sum(row.count("-") for row in rows)
    print(f"{len(rows)} probes x {len(releases)} releases: {fine} fired with right values, "
          f"{none} absent by design, {bad} wrong")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
