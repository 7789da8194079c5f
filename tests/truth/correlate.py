#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gives each request of a run its traceparent, by events alone, and checks the outcome.

correlate.py LIST EVENTS: the run's probes (probes list --json) and what capture wrote. The
requests of tests/fixtures/shop/trace_context.go say in their query what they came with.
"""
import json
import sys
import urllib.parse


def decode(line, shapes):
    """Name, goroutine and arguments of an event; strings as text."""
    head, *pieces = line.split(" /")
    probe, *words = head.split()
    args, taken = {}, 0
    for i, (shape, word) in enumerate(zip(shapes[probe], words)):
        args[shape["name"]] = int(word, 16)
        if shape["of"] == "string" and not shape["name"].endswith("_len"):
            piece = pieces[taken].strip()
            args[shape["name"]] = bytes.fromhex(piece if piece != "-" else "").decode()
            taken += 1
            assert shapes[probe][i + 1]["name"] == shape["name"] + "_len"
    return probe, args


def assign(events):
    """What a tracer does: the traceparent (or None) of each request, in order."""
    here, waiting = {}, {}  # by the goroutine of a request; by that of a connection
    for probe, args in events:
        goid = args["goid"]
        if probe == "net_http:server_traceparent":
            if args["proto_major"] == 1:
                here.setdefault(goid, args["value"])  # the first counts, as for Go
            else:
                waiting[goid] = args["value"]
        elif probe == "runtime:goroutine_create":
            if args["parent_goid"] in waiting:
                here[goid] = waiting.pop(args["parent_goid"])
        elif probe == "net_http:server_request_start":
            yield args, here.pop(goid, None)


def cut(value):
    """As much of a long text as capture records of the request's query, too."""
    return value[:150] if len(value) > 150 else value


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        listed = json.load(source)["files"][0]["probes"]
    shapes = {f"{probe['provider']}:{probe['name']}": probe["args"] for probe in listed}
    with open(sys.argv[2], encoding="utf-8") as source:
        lines = [line.rstrip("\n") for line in source]
    events = [decode(line, shapes) for line in lines if line.split(" ")[0] in shapes]
    count, wrong = {}, 0
    for args, got in assign(events):
        uri = args["uri"]
        want = urllib.parse.parse_qs(uri.partition("?")[2], keep_blank_values=True)
        want = want.get("want", [None])[0]
        if uri == "/after":  # the handler before it read a request of its own
            want = "inner"
        kind = args["proto_major"], want is not None
        count[kind] = count.get(kind, 0) + 1
        if got != want and not (want and got and cut(got) == cut(want)):
            print(f"not ok - {uri[:80]}: {got!r} instead of {want!r}")
            wrong += 1
    for major in (1, 2):
        for has in (False, True):
            if count.get((major, has), 0) < 10:
                print(f"not ok - too few requests over HTTP/{major}: {count}")
                wrong += 1
    print(f"{sum(count.values())} requests, {wrong} with a wrong traceparent")
    return 1 if wrong else 0


sys.exit(main())
