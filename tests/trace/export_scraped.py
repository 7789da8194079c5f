# SPDX-License-Identifier: MIT
"""Asks a Prometheus until it counts what tests/fixtures/load says it did.

export_scraped.py TRUTH URL
"""
import json
import re
import sys
import time
import urllib.parse
import urllib.request


def ask(url, query):
    """{labels: value} of an instant query; labels as a sorted tuple."""
    question = f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(question, timeout=5) as answer:
            result = json.load(answer)["data"]["result"]
    except OSError:  # it starts, still
        return {}
    return {tuple(sorted(row["metric"].items())): float(row["value"][1]) for row in result}


def flat(rows, *labels):
    """{(values of labels): count} without the others."""
    out = {}
    for row, value in rows.items():
        key = tuple(dict(row).get(label, "") for label in labels)
        out[key] = out.get(key, 0) + value
    return out


def expected(truth):
    http, sql = truth["modes"]["http"]["counts"], truth["modes"]["sql"]["counts"]
    requests, statements = {}, {}
    for what, n in http.items():
        found = re.fullmatch(r"(GET|POST) (/[a-z]+)(/\d+)?", what)
        if found:
            route = "/goods/" if found[3] else found[2]
            status = {"/absent": "404", "/broken": "500", "/orders": "201"}.get(route, "200")
            key = found[1], "" if route == "/absent" else route, status
            requests[key] = requests.get(key, 0) + n
    for what, n in sql.items():
        found = re.fullmatch(r"(?:query|exec|stmt_query) (\w+) (\w+).*", what)
        if found:
            error = "_OTHER" if found[2] == "broken" else ""
            statements[found[1], error] = statements.get((found[1], error), 0) + n
    statements["BEGIN", ""] = statements["COMMIT", ""] = sql["tx"]
    return requests, statements


def slow(rows, truth):
    """Whether the histogram has the slow requests where the program measured them."""
    events = [event for event in truth["modes"]["http"]["events"]
              if event["what"] == "server GET /slow"]
    below = {}
    for row, value in rows.items():
        labels = dict(row)
        if labels.get("http_route") == "/slow":
            below[labels["le"]] = value
    bound = 0.025  # all of them take 30 ms or more
    assert all(event["ns"] > bound * 1e9 for event in events)
    return below.get(str(bound)) == 0 and below.get("+Inf") == len(events) > 0


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        truth = json.load(source)
    want, url, end = expected(truth), sys.argv[2], time.monotonic() + 20
    while time.monotonic() < end:
        got = (flat(ask(url, "http_server_request_duration_seconds_count"),
                    "http_request_method", "http_route", "http_response_status_code"),
               flat(ask(url, "db_client_operation_duration_seconds_count"),
                    "db_operation_name", "error_type"))
        if got == want and slow(ask(url, "http_server_request_duration_seconds_bucket"), truth):
            print(f"ok - Prometheus counts {int(sum(got[0].values()))} requests and "
                  f"{int(sum(got[1].values()))} statements by route, status and operation")
            return 0
        time.sleep(0.2)
    print(f"not ok - Prometheus counts {got} instead of {want}")
    return 1


sys.exit(main())
