# SPDX-License-Identifier: MIT
"""Conditions and what they mean, for tests/trace/filter.sh.

filter.py --list                    the conditions, one a line
filter.py ALL.json FILTERED.json NUMBER   whether FILTERED has just what condition NUMBER selects
                                    of ALL; both from `probes trace --json --spans`
"""
import collections
import fnmatch
import json
import sys


def arg(event, name, default=None):
    return event["args"].get(name, default)


def number(event, name):
    value = arg(event, name)
    return value if isinstance(value, (int, float)) else None


def text(event, name):
    value = arg(event, name)
    return value if isinstance(value, str) else None


def compare(event, name, test):
    value = number(event, name)
    return value is not None and test(value)


def like(event, name, pattern):
    value = text(event, name)
    return value is not None and fnmatch.fnmatchcase(value, pattern)


CONDITIONS = [
    # Goroutines that waited before tracing began: ends whose start is not known, which are not
    # called goroutine_park.
    ("!(runtime:goroutine_park.goid > 0) && name ~ 'goroutine_*'",
     lambda e: e["probe"] == "runtime:goroutine_unpark"),
    ("status >= 400", lambda e: compare(e, "status", lambda v: v >= 400)),
    ("status<300 && method == GET",
     lambda e: compare(e, "status", lambda v: v < 300) and text(e, "method") == "GET"),
    ('uri ~ "/deep/*" || method != GET',
     lambda e: like(e, "uri", "/deep/*") or text(e, "method") not in (None, "GET")),
    ("uri ~ '*000?'", lambda e: like(e, "uri", "*000?")),
    ("uri ~ /deep/*6", lambda e: like(e, "uri", "/deep/*6")),
    ("uri !~ /deep/* && uri", lambda e: text(e, "uri") and not like(e, "uri", "/deep/*")),
    ("duration > 100us && duration < 10ms",
     lambda e: 100_000 < e.get("duration_ns", -1) < 10_000_000),
    ("!(duration > 20us) && probe ~ 'net_http:*'",
     lambda e: not e.get("duration_ns", 0) > 20_000 and e["probe"].startswith("net_http:")),
    ("net_http:server_request.status == 200 && written > 10",
     lambda e: e["probe"] in ("net_http:server_request", "net_http:server_request_end") and
     number(e, "status") == 200 and compare(e, "written", lambda v: v > 10)),
    ("err", lambda e: arg(e, "err") is not None),
    ("err == nil && provider == database_sql",
     lambda e: "err" in e["args"] and arg(e, "err") is None and
     e["probe"].startswith("database_sql:")),
    ("err ~ '*purpose*'", lambda e: like(e, "err", "*purpose*")),
    ("end_content_length < 0", lambda e: compare(e, "end_content_length", lambda v: v < 0)),
    ("runtime:stw*.reason == 2", lambda e: number(e, "reason") == 2),
    ("is_client && n >= 1Ki || is_client == false",
     lambda e: arg(e, "is_client") is False),
    ("goid == 1 && query ~ 'SELECT*'", lambda e: e["goid"] == 1 and like(e, "query", "SELECT*")),
    ("status ~ 20* || status == '404'",
     lambda e: str(number(e, "status")).startswith("20") or number(e, "status") == 404),
    ("err ~ '*.err*'", lambda e: ".err" in ((arg(e, "err") or {}).get("type", "")
     if isinstance(arg(e, "err"), dict) else arg(e, "err") or "")),
    ('duration > "20us"', lambda e: e.get("duration_ns", 0) > 20_000),
    ("name ~ '*write*' && pid > 1 && len >= 100",
     lambda e: "write" in e["probe"].split(":")[1] and compare(e, "len", lambda v: v >= 100)),
]


def lines(path):
    with open(path, encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def key(event):
    # Closing sets a descriptor to -1 under a call that still waits: before one tracer reads it,
    # but perhaps not before the other.
    args = {name: value for name, value in event["args"].items() if name not in ("fd", "end_fd")}
    return json.dumps([event["probe"], event["goid"], args], sort_keys=True)


def main():
    if sys.argv[1] == "--list":
        print("\n".join(condition for condition, _ in CONDITIONS))
        return 0
    condition, holds = CONDITIONS[int(sys.argv[3])]
    everything, got = lines(sys.argv[1]), lines(sys.argv[2])
    wrong = [event for event in got if not holds(event)]
    if "duration" not in condition:  # each tracer measures its own
        wanted = collections.Counter(key(event) for event in everything if holds(event))
        have = collections.Counter(key(event) for event in got)
        wrong += list((wanted - have).elements()) + list((have - wanted).elements())
    if wrong or not got:
        print(f"{condition}: {len(got)} events, {len(wrong)} wrong: {wrong[:3]}")
        return 1
    print(f"{condition}: {len(got)} of {len(everything)}")
    return 0


sys.exit(main())
