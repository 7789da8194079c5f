# SPDX-License-Identifier: MIT
"""Compares the JSON lines of `probes top` with what tests/fixtures/load says it did."""
import collections
import json
import math
import pathlib
import re
import sys

import jsonschema

HTTP, SQL = "net_http:server_request", "database_sql:"
SHARE = 64  # a quantile is within 1/64 of itself


def read(path):
    schema = pathlib.Path(__file__).parents[2] / "docs/top.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    with open(path) as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        validator.validate(row)
    return rows


def expected(modes):
    """{(probe, key): (events, errors)} of all that the truth counts by name."""
    want = {}
    for name, count in modes["http"]["counts"].items():
        method = re.match(r"(GET|POST) ", name)
        if not method:
            continue
        broken = name == "GET /broken"
        want[HTTP, name] = count, count * broken
        want["net_http:client_request", name] = count, count * (broken or name == "GET /absent")
    for name, count in modes["sql"]["counts"].items():
        statement = re.match(r"(query|exec|stmt_query) (.*)", name)
        if statement:
            want[SQL + statement[1], statement[2]] = count, count * ("broken" in name)
    for name in ("tx_begin", "tx_commit"):
        want[SQL + name, None] = modes["sql"]["counts"]["tx"], 0
    for name, count in modes["dns"]["counts"].items():
        want["net:dns", name] = count, count * name.startswith("missing")
    tls = modes["tls"]["counts"]
    for name in ("load.test", "other.test"):
        want["crypto_tls:handshake", "client " + name] = tls[name], tls[name] * (name[0] == "o")
    want["crypto_tls:handshake", "server"] = tls["load.test"] + tls["other.test"], tls["other.test"]
    for name, count in modes["execs"]["counts"].items():
        want["os_exec:spawn", name] = count, count * name.startswith("/none")
    return want


def whole_probes(want):
    """The same for the probes as a whole."""
    sums = collections.Counter(), collections.Counter()
    for (probe, key), counts in want.items():
        for column, count in zip(sums, counts):
            column[probe] += count if key else 0
    return {(probe, None): (sums[0][probe], sums[1][probe]) for probe in sums[0] if sums[0][probe]}


def name_of(row):
    """Probe and key, which of a client has the server's address."""
    return row["probe"], row["key"] and re.sub(r" 127\.0\.0\.1:\d+/", " /", row["key"])


def compare_counts(rows, want):
    got = {name_of(row): (row["events"], row["errors"]) for row in rows}
    wrong = [f"{probe} {key}: {got.get((probe, key))} events and errors, not {counts}"
             for (probe, key), counts in want.items() if got.get((probe, key)) != counts]
    known = {probe for probe, _ in want if probe not in ("net:dns",)}
    wrong += [f"{probe} {key}: should not be there" for probe, key in got
              if probe in known and (probe, key) not in want]
    return wrong


def compare_sums(lines):
    """Intervals add up to the total."""
    sums, totals = collections.Counter(), collections.Counter()
    for line in lines:
        if line["type"] in ("interval", "total"):
            into = sums if line["type"] == "interval" else totals
            for field in ("events", "errors"):
                into[line["probe"], line["key"], field] += line[field]
    return [f"{key}: the intervals add up to {sums[key]}, not {totals[key]}"
            for key in totals if sums[key] != totals[key]]


def ranked(times, quantile):
    return sorted(times)[max(math.ceil(quantile * len(times)), 1) - 1]


def compare_latency(row, inner, outer):
    """Each span lies around one time in `inner` and within one in `outer`, so their order
    statistics do as well. The largest is exact. A server ends its span after the answer is
    sent, when the client may have it already: no more than half too late."""
    if row["probe"] == HTTP:
        outer = [ns * 1.5 for ns in outer]
    wrong = []
    for field, quantile, share in (("p50_ns", 0.5, SHARE), ("p99_ns", 0.99, SHARE),
                                   ("max_ns", 1, math.inf)):
        low, high = ranked(inner, quantile), ranked(outer, quantile)
        if not low * (1 - 1 / share) <= row[field] <= high * (1 + 1 / share):
            wrong.append(f"{row['probe']} {row['key']}: {field} {row[field]} is not between {low} "
                         f"and {high}")
    return wrong


def latencies(rows, modes, slow):
    took = collections.defaultdict(list)
    for mode in ("http", "sql", "dns", "tls"):
        for event in modes[mode]["events"]:
            took[event["what"]].append(event["ns"])
    asleep = [slow]
    bounds = {
        (HTTP, "GET /slow"): (took["server GET /slow"], took["client GET /slow"]),
        ("net_http:client_request", "GET /slow"): (took["server GET /slow"],
                                                   took["client GET /slow"]),
        (SQL + "query", "SELECT slow FROM goods"): (asleep, took["SELECT slow FROM goods"]),
        # Look-ups of a name that is being looked up wait for that one: less than it takes.
        ("net:dns", "slow.load.test."): ([0], took["slow.load.test."]),
    }
    wrong = []
    for row in rows:
        pair = bounds.pop(name_of(row), None)
        if pair:
            inner, outer = pair
            if len(outer) != row["events"]:
                wrong.append(f"{row['key']}: {row['events']} events, timed {len(outer)}")
            wrong += compare_latency(row, inner * (1 if len(inner) > 1 else len(outer)), outer)
    return wrong + [f"no row {name}" for name in bounds]


def main(path, truth, slow_ms):
    lines = read(path)
    with open(truth) as file:
        modes = json.load(file)["modes"]
    totals = [line for line in lines if line["type"] == "total"]
    want = expected(modes)
    want.update(whole_probes({name: counts for name, counts in want.items()
                              if name[0] not in ("net:dns",)}))
    end = lines[-1]
    wrong = compare_counts(totals, want) + compare_sums(lines)
    wrong += latencies(totals, modes, int(slow_ms) * 1000000)
    if end["type"] != "end" or end["lost"] or end["lost_starts"]:
        wrong.append(f"the end is {end}")
    if end["events"] != sum(row["events"] for row in totals if row["key"] is None):
        wrong.append("events of the end are not those of the probes")
    print(f"{len(want)} rows compared", *wrong, sep="\n  ")
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
