# SPDX-License-Identifier: MIT
"""Compares the JSON lines of `probes hist` with what tests/fixtures/load says it did.

hist_truth.py WHAT LINES TRUTH, where WHAT is duration, written or heat.
"""
import bisect
import collections
import json
import pathlib
import re
import sys

import jsonschema

STEPS = [0] + sorted(step * 10**power for step in (1, 2, 5) for power in range(12))
WRITTEN = {"GET /slow": 4, "GET /broken": 13, "GET /absent": 19, "POST /orders": 2}


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got}, not {want}")


def keys_of(truth):
    counts = collections.Counter()
    for name, count in truth["modes"]["http"]["counts"].items():
        if name.startswith(("GET ", "POST ")):
            counts[name] = count
    return counts


def step_of(ns):
    return STEPS[bisect.bisect_right(STEPS, ns) - 1]


def whole(row):
    """What holds for each histogram."""
    expect("its buckets", sum(bucket["count"] for bucket in row["buckets"]), row["count"])
    for bucket in row["buckets"]:
        if bucket["to"] <= row["min"] or bucket["from"] > row["max"]:
            sys.exit(f"a bucket outside of the numbers: {bucket} {row}")


def duration(rows, truth):
    """One histogram for each path; slow requests lie where both sides timed them."""
    for row in rows:
        row["key"] = re.sub(r" 127\.0\.0\.1:\d+/", " /", row["key"])
    expect("counts", {row["key"]: row["count"] for row in rows}, dict(keys_of(truth)))
    for row in rows:
        whole(row)
        expect("unit", (row["of"], row["unit"]), ("duration", "ns"))
        failed = row["key"] in ("GET /broken", "GET /absent")
        expect("errors of " + row["key"], row["errors"], row["count"] * failed)
        for bucket in row["buckets"]:
            expect("where a row ends", bucket["to"], STEPS[STEPS.index(bucket["from"]) + 1])
    timed = {"server GET /slow": [], "client GET /slow": []}
    for event in truth["modes"]["http"]["events"]:
        timed[event["what"]].append(event["ns"])
    slow = next(row for row in rows if row["key"] == "GET /slow")
    for edge in [bucket["from"] for bucket in slow["buckets"]]:
        below = sum(bucket["count"] for bucket in slow["buckets"] if bucket["from"] < edge)
        least = sum(ns < edge for ns in timed["client GET /slow"])
        most = sum(ns < edge for ns in timed["server GET /slow"])
        if not least <= below <= most:
            sys.exit(f"{below} slow ones below {edge}, where the driver has {least} to {most}")
    inner, outer = sum(timed["server GET /slow"]), sum(timed["client GET /slow"])
    if not inner <= slow["sum"] <= outer:
        sys.exit(f"slow requests took {slow['sum']} ns, not {inner} to {outer}")


def written(rows, truth):
    """Bytes of answers, in powers of two, of all requests together."""
    row, = rows
    whole(row)
    want, total = collections.Counter(), 0
    for name, count in keys_of(truth).items():
        size = WRITTEN.get(name, 100)
        want[1 << (size.bit_length() - 1)] += count
        total += size * count
    expect("bytes", row["sum"], total)
    expect("bytes as clients count them", row["sum"], truth["modes"]["http"]["sums"]["bytes"])
    expect("extremes", (row["min"], row["p50"], row["max"], row["unit"]), (2, 100, 100, None))
    expect("buckets", {bucket["from"]: bucket["count"] for bucket in row["buckets"]}, dict(want))


def heat(rows, truth):
    """Operations came one by one for two seconds: so many slices, which add up to the rows."""
    row, = rows
    whole(row)
    n = truth["n"]
    sums, filled = collections.Counter(), 0
    for part in row["slices"]:
        filled += bool(part)
        for bucket in part:
            sums[bucket["from"]] += bucket["count"]
    expect("requests", row["count"], n)
    expect("slices", dict(sums), {bucket["from"]: bucket["count"] for bucket in row["buckets"]})
    expect("the length of a slice", row["slice_ns"], 100000000)
    took = truth["ns"] / row["slice_ns"]
    if not 0.9 * took - 2 <= filled <= took + 2:
        sys.exit(f"{filled} slices with events in the {took:.1f} that the driver worked")
    first = next(index for index, part in enumerate(row["slices"]) if part)
    quarter = sum(bucket["count"] for part in row["slices"][:first + filled // 4]
                  for bucket in part)
    if not 0.15 * n <= quarter <= 0.35 * n:
        sys.exit(f"{quarter} of {n} requests in the first quarter")


def main(what, lines, truth):
    schema = pathlib.Path(__file__).parents[2] / "docs/hist.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    with open(lines) as file:
        rows = [json.loads(line) for line in file]
    for row in rows:
        validator.validate(row)
    end = rows[-1]
    expect("the end", (end["type"], end["lost"], end["other"], end["unmeasured"]), ("end", 0, 0, 0))
    with open(truth) as file:
        truth = json.load(file)
    whole_time = [row for row in rows if row["type"] == "total"]
    {"duration": duration, "written": written, "heat": heat}[what](whole_time, truth)
    parts = [row for row in rows if row["type"] == "interval"]
    if parts:
        expect("intervals", sum(row["count"] for row in parts),
               sum(row["count"] for row in whole_time))


main(*sys.argv[1:])
