# SPDX-License-Identifier: MIT
"""Compares what a collector got with what the program of tests/fixtures/traced did.

export_spans.py TRUTH GOT ERR: GOT.traces and GOT.metrics hold OTLP JSON lines; ERR what
`probes export` said.
"""
import collections
import json
import re
import sys
import urllib.parse

failed = 0


def check(what, got, want):
    global failed
    if got != want:
        print(f"not ok - {what}: {got!r} instead of {want!r}")
        failed = 1
    return got == want


def plain(attributes):
    """{"key": value} of OTLP's list."""
    out = {}
    for pair in attributes:
        (kind, value), = pair["value"].items()
        assert pair["key"] not in out, f"{pair['key']} twice"
        out[pair["key"]] = int(value) if kind == "intValue" else value
    return out


def read(path, outer, inner, items):
    """Resources' attributes with their items."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for resource in json.loads(line)[outer]:
                attributes = plain(resource["resource"]["attributes"])
                for scope in resource[inner]:
                    assert scope["scope"]["name"] == "goprobes", scope["scope"]
                    for item in scope[items]:
                        yield attributes, item


def of_request(span):
    """Number and protocol of the request that a server's or client's span is of."""
    query = urllib.parse.parse_qs(span["attributes"].get("url.query", ""))
    proto = 2 if span["attributes"].get("network.protocol.version") == "2" else 1
    return int(query["n"][0]), proto


def check_server(span, record):
    """The span of a request against what its client knows."""
    name, attributes = f"request {record['n']} over HTTP/{record['proto']}", span["attributes"]
    check(f"{name}: name", span["name"], "GET " + record["route"])
    check(f"{name}: kind", span["kind"], 2)
    want = {"http.request.method": "GET", "http.route": record["route"],
            "http.response.status_code": record["status"], "server.address": "127.0.0.1",
            "client.address": "127.0.0.1", "http.request.body.size": 0,
            "url.query": f"n={record['n']}&sig=REDACTED"}
    if record["status"] == 500:
        want["error.type"] = "500"
    for key, value in want.items():
        check(f"{name}: {key}", attributes.get(key), value)
    check(f"{name}: error", "error.type" in attributes, record["status"] == 500)
    check(f"{name}: status", span["status"].get("code", 0), 2 if record["status"] == 500 else 0)
    if record["traceparent"]:
        _, trace, parent, _ = record["traceparent"].split("-")
        check(f"{name}: trace", (span["traceId"], span["parentSpanId"]), (trace, parent))
    else:
        check(f"{name}: parent", span["parentSpanId"], "")


def check_children(server, children, record):
    """What was done for the request, on which goroutine ever."""
    want = ([record["child"]] if record["child"] else []) + (["GET"] if record["inner"] else [])
    got = sorted(child["name"] for child in children)
    check(f"children of request {record['n']} over HTTP/{record['proto']}", got, sorted(want))
    for child in children:
        check("a child's trace", child["traceId"], server["traceId"])
        inside = int(server["startTimeUnixNano"]) <= int(child["startTimeUnixNano"]) <= int(
            child["endTimeUnixNano"]) <= int(server["endTimeUnixNano"])
        check(f"{child['name']} is within its request", inside, True)
        check(f"{child['name']}: kind", child["kind"], 3)


def check_statement(span):
    """A span of the database: operation and table, no text."""
    operation, table = span["name"].split(" ")
    attributes = {key: value for key, value in span["attributes"].items()
                  if not key.startswith("goprobes.")}
    check(f"attributes of {span['name']}", attributes,
          {"db.system.name": "other_sql", "db.operation.name": operation,
           "db.collection.name": table})


def check_calls(spans, by_parent, calls):
    """Both sides of net/rpc's calls: each third fails, each has a statement below it."""
    for kind in (2, 3):
        side = [span for span in spans if span["kind"] == kind]
        failed_calls = [span for span in side if span["status"].get("code") == 2]
        check(f"calls of kind {kind}", (len(side), len(failed_calls)),
              (calls, (calls + 2) // 3))
        for span in failed_calls:
            want = "not by three" if kind == 2 else None  # only errors.New's can be read
            check("message", span["status"].get("message"), want)
            want = "_OTHER" if kind == 2 else "rpc.ServerError"
            check("error.type", span["attributes"].get("error.type"), want)
    for span in spans:
        check("below a call", [child["name"] for child in by_parent[span["spanId"]]],
              ["MERGE sums"] if span["kind"] == 2 else [])


def check_resource(attributes, program):
    want = {"service.name": "shop", "host.name": "node7", "deployment.environment.name": "a,b",
            "process.executable.name": program}
    for key, value in want.items():
        check(f"resource {key}", attributes.get(key), value)


def check_spans(truth, path):
    """Every span is there once, in its trace, below its parent."""
    spans, by_parent = {}, collections.defaultdict(list)
    for resource, span in read(path, "resourceSpans", "scopeSpans", "spans"):
        check_resource(resource, "traced")
        assert "process.pid" in resource
        span["attributes"] = plain(span["attributes"])
        assert span["spanId"] not in spans, "a span came twice"
        spans[span["spanId"]] = span
        by_parent[span["parentSpanId"]].append(span)
    servers = {}
    for span in spans.values():
        if span["kind"] == 2 and span["name"] not in ("GET /inner", "Sums.Add"):
            servers[of_request(span)] = span
    sampled = [record for record in truth if not record["traceparent"].endswith("-00")]
    check("requests with a span that should have none, or the other way round",
          set(servers) ^ {(record["n"], record["proto"]) for record in sampled}, set())
    for record in sampled:
        server = servers.get((record["n"], record["proto"]))
        if server:
            check_server(server, record)
            check_children(server, by_parent[server["spanId"]], record)
    calls = len(truth) // 12
    check_calls([span for span in spans.values() if span["name"] == "Sums.Add"], by_parent,
                calls)
    roots = collections.Counter(span["name"] for span in by_parent[""])
    inner = sum(record["inner"] for record in truth)
    want = {"GET /inner": inner, "GET": len(truth), "DELETE carts": len(truth),
            "Sums.Add": 2 * calls, "os:read_file": 1}
    for record in sampled:
        if not record["traceparent"]:
            want["GET " + record["route"]] = want.get("GET " + record["route"], 0) + 1
    check("spans without a parent", dict(roots), want)
    children = sum(bool(record["child"]) + record["inner"] for record in sampled)
    check("all spans", len(spans), len(sampled) + children + len(truth) * 2 + inner +
          3 * calls + 1)
    file, = (span for span in spans.values() if span["name"] == "os:read_file")
    check("file.path", file["attributes"]["file.path"], "/proc/self/comm")
    for span in spans.values():
        if "db.system.name" in span["attributes"]:
            check_statement(span)
    return len(spans)


def check_metrics(truth, path, spans):
    """The last report counts requests of all traces, sampled or not."""
    last = {}
    for resource, metric in read(path, "resourceMetrics", "scopeMetrics", "metrics"):
        check_resource(resource, "traced")
        last[metric["name"]] = metric
    count = collections.Counter()
    for point in last["http.server.request.duration"]["histogram"]["dataPoints"]:
        attributes = plain(point["attributes"])
        count[attributes["http.route"], attributes["http.response.status_code"],
              attributes.get("network.protocol.version")] += int(point["count"])
        check("buckets", sum(map(int, point["bucketCounts"])), int(point["count"]))
        check("bounds", point["explicitBounds"], [.005, .01, .025, .05, .075, .1, .25, .5, .75,
                                                  1, 2.5, 5, 7.5, 10])
    want = collections.Counter((record["route"], record["status"],
                                "2" if record["proto"] == 2 else None) for record in truth)
    want["/inner", 200, None] = sum(record["inner"] for record in truth)
    check("http.server.request.duration", dict(count), dict(want))
    count = collections.Counter()
    for point in last["db.client.operation.duration"]["histogram"]["dataPoints"]:
        count[plain(point["attributes"])["db.operation.name"]] += int(point["count"])
    want = collections.Counter(record["child"].split(" ")[0] for record in truth
                               if record["child"])
    want["DELETE"] = len(truth)
    want["MERGE"] = len(truth) // 12
    check("db.client.operation.duration", dict(count), dict(want))
    check("http.client.request.duration", sum(
        int(point["count"]) for point in
        last["http.client.request.duration"]["histogram"]["dataPoints"]),
        len(truth) + sum(record["inner"] for record in truth))
    check("lost", int(last["goprobes.events.lost"]["sum"]["dataPoints"][0].get("asInt", 0)), 0)
    return spans


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        truth = json.load(source)
    spans = check_spans(truth, sys.argv[2] + ".traces")
    check_metrics(truth, sys.argv[2] + ".metrics", spans)
    with open(sys.argv[3], encoding="utf-8") as source:
        said = re.search(r"(\d+) spans delivered", source.read())
    check("spans that it said it delivered", int(said[1]), spans)
    if not failed:
        print(f"ok - {spans} spans of {len(truth)} requests, each in its trace")


main()
sys.exit(failed)
