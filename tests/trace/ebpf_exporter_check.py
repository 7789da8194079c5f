# SPDX-License-Identifier: MIT
"""Reads maps as ebpf_exporter's configuration says, and compares with tests/fixtures/load.

ebpf_exporter_check.py names CONFIG            the metrics, which are the maps' names
ebpf_exporter_check.py compare CONFIG MAPS TRUTH

What the configuration means is in ebpf_exporter's README: the key of a map is its labels one
after the other, that of a histogram ends in the bucket; bucket_max + 1 has the sum.
"""
import json
import re
import sys

import yaml

TOP = {"name", "help", "labels"}
HISTOGRAM = TOP | {"bucket_type", "bucket_min", "bucket_max", "bucket_multiplier"}


def decode(piece, decoders):
    """One label's bytes through its decoders."""
    for decoder in decoders:
        if decoder["name"] == "string":
            piece = piece.split(b"\0")[0].decode()
        elif decoder["name"] == "uint":
            assert len(piece) in (1, 2, 4, 8), piece
            piece = str(int.from_bytes(piece, "little"))
        elif decoder["name"] == "static_map":
            names = {str(key): value for key, value in decoder["static_map"].items()}
            piece = names[piece]
        else:
            raise AssertionError(f"no decoder {decoder['name']}")
    return piece


def labels_of(key, labels):
    assert len(key) == sum(label["size"] + label.get("padding", 0) for label in labels), key
    out, at = [], 0
    for label in labels:
        assert set(label) <= {"name", "size", "padding", "decoders"} and label["decoders"]
        out.append(decode(key[at:at + label["size"]], label["decoders"]))
        at += label["size"] + label.get("padding", 0)
    return tuple(out)


def read_maps(path, config):
    """{metric: {labels: value}}."""
    kinds = config["histograms"] + config["counters"]
    out = {metric["name"]: {} for metric in kinds}
    labels = {metric["name"]: metric["labels"] for metric in kinds}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if line != "ready\n":
                name, key, value = line.split()
                out[name][labels_of(bytes.fromhex(key), labels[name])] = int(value)
    return out


def histogram(metric, values):
    """{labels without bucket: (count, sum of us, [count of each bucket])}."""
    assert set(metric) == HISTOGRAM and metric["bucket_type"] == "exp2", metric
    assert metric["labels"][-1]["name"] == "bucket" and metric["bucket_multiplier"] == 1e-6
    top, out = metric["bucket_max"], {}
    for (*labels, bucket), value in values.items():
        row = out.setdefault(tuple(labels), [0] * (top + 2))
        row[int(bucket)] = value
    return {labels: (sum(row[:top + 1]), row[top + 1], row[:top + 1])
            for labels, row in out.items()}


def expected(truth):
    http, sql = truth["modes"]["http"]["counts"], truth["modes"]["sql"]["counts"]
    requests, sizes, statements = {}, {}, {}
    for what, n in http.items():
        found = re.fullmatch(r"(GET|POST) (/[a-z]+)(/\d+)?", what)
        if not found:
            continue
        route = {"/goods": "/goods/", "/absent": ""}.get(found[2], found[2])
        status = {"/absent": "404", "/broken": "500", "/orders": "201"}.get(found[2], "200")
        size = {"/goods": 100, "/slow": 4, "/orders": 2, "/broken": 13, "/absent": 19}[found[2]]
        key = route, found[1], status
        requests[key] = requests.get(key, 0) + n
        sizes[(route,)] = sizes.get((route,), 0) + n * size
    for what, n in sql.items():
        found = re.fullmatch(r"(?:query|exec|stmt_query) (\w+) (\w+).*", what)
        if found:
            key = found[1], "true" if found[2] == "broken" else "false"
            statements[key] = statements.get(key, 0) + n
    return requests, sizes, statements


def compare(config, maps, truth):
    values = read_maps(maps, config)
    histograms = {metric["name"]: histogram(metric, values[metric["name"]])
                  for metric in config["histograms"]}
    for metric in config["counters"]:
        assert set(metric) == TOP, metric
    requests = histograms["go_http_server_request_duration_seconds"]
    statements = histograms["go_sql_duration_seconds"]
    got = ({key: row[0] for key, row in requests.items()},
           values["go_http_server_response_bytes_total"],
           {key: row[0] for key, row in statements.items()})
    for what, mine, theirs in zip(("requests", "bytes", "statements"), got, expected(truth)):
        assert mine == theirs, f"{what}: {mine} instead of {theirs}"
    slow = [event["ns"] / 1e3 for event in truth["modes"]["http"]["events"]
            if event["what"] == "server GET /slow"]
    count, total, buckets = requests["/slow", "GET", "200"]
    assert count == len(slow) and sum(slow) <= total, (slow, total)
    # All take 30 ms or more: 2^15 us is the first bound above that.
    assert sum(buckets[:15]) == 0, buckets
    print(f"ok - {sum(got[0].values())} requests, {sum(got[2].values())} statements, "
          f"{sum(got[1].values())} bytes")


def main():
    with open(sys.argv[2], encoding="utf-8") as source:
        document = yaml.safe_load(source)
    assert set(document) == {"metrics"} and set(document["metrics"]) == {"histograms", "counters"}
    config = document["metrics"]
    if sys.argv[1] == "names":
        for metric in config["histograms"] + config["counters"]:
            print(metric["name"])
        return
    with open(sys.argv[4], encoding="utf-8") as source:
        compare(config, sys.argv[3], json.load(source))


main()
