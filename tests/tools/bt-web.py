#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""The HTTP tools of bpf-scripts/*.bt count what the load driver did."""
import btload

check = btload.Checks()
binary = btload.build()
done, out = btload.run(binary, "http", 200, [
    ("gohttpslower", 90), ("gohttplat",), ("gohttptop", 60), ("gohttperrors",),
    ("gohttpclientslower", 90)], "-slow", "100ms")
truth = done["modes"]["http"]
counts = truth["counts"]


def slow_ones(side):
    """(ms, goid) of the slow requests as that side measured them."""
    return sorted((event["ns"] / 1e6, event["goid"]) for event in truth["events"]
                  if event["what"] == f"{side} GET /slow")


def compare_slow(tool, side, path, goid, ms, pid, *words):
    rows = btload.table(out[tool])
    check.same(f"{tool}: pid of all", {int(row[pid]) for row in rows}, {done["pid"]})
    check.same(f"{tool}: goroutines", sorted(int(row[goid]) for row in rows),
               sorted(goid for _, goid in slow_ones(side)))
    check.that(f"{tool}: what is printed",
               all(row[path] == "/slow" and set(words) < set(row) for row in rows), rows)
    pairs = list(zip(sorted(float(row[ms]) for row in rows), slow_ones(side)))
    check.that(f"{tool}: times", all(-1 < got - want < 50 for got, (want, _) in pairs), pairs)


compare_slow("gohttpslower", "server", 7, 2, 6, 1, "GET", "200", "4")
compare_slow("gohttpclientslower", "client", 6, 2, 4, 1, "GET", "200")

requests = {", ".join(what.split()): n for what, n in counts.items()
            if what.split()[0] in ("GET", "POST")}
check.same("gohttptop: requests", btload.maps(out["gohttptop"], "requests"), requests)
statuses = {what.split()[1]: n for what, n in counts.items() if what.startswith("status")}
check.same("gohttptop: statuses", btload.maps(out["gohttptop"], "status"), statuses)
check.near("gohttptop: time of GET /slow",
           btload.maps(out["gohttptop"], "total_us")["GET, /slow"],
           sum(ms for ms, _ in slow_ones("server")) * 1000, 0.3)

for status in "245":
    rows = btload.histogram(out["gohttplat"], "us_by_status", status)
    check.same(f"gohttplat: requests of status {status}xx", btload.total(rows),
               sum(n for code, n in statuses.items() if code[0] == status))
rows = btload.histogram(out["gohttplat"], "us_by_status", 2)
check.same("gohttplat: slow ones", sum(n for low, _, n in rows if low >= 65536),
           counts["GET /slow"])

rows = sorted(tuple(row[3:]) for row in btload.table(out["gohttperrors"]))
check.same("gohttperrors: requests", rows, sorted(
    [("404", "GET", "/absent", "(404", "page", "not", "found)")] * counts["status 404"] +
    [("500", "GET", "/broken", "(out", "of", "order)")] * counts["status 500"]))
check.same("gohttperrors: statuses", btload.maps(out["gohttperrors"], "status"),
           {"404": counts["status 404"], "500": counts["status 500"]})
check.end()
