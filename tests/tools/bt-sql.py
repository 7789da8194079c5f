#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""The SQL tools of bpf-scripts/*.bt count what the load driver did."""
import btload

check = btload.Checks()
done, out = btload.run(btload.build(), "sql", 200, [
    ("gosqlslower", 90), ("gosqltop", 60), ("gosqlpool",)], "-slow", "100ms")
truth = done["modes"]["sql"]
statements = {what.split(" ", 1)[1]: n for what, n in truth["counts"].items() if " " in what}

rows = btload.table(out["gosqlslower"])
slow = [row for row in rows if row[5] == "slow"]
check.same("gosqlslower: goroutines of slow statements", sorted(int(row[2]) for row in slow),
           sorted(event["goid"] for event in truth["events"]))
pairs = list(zip(sorted(float(row[3]) for row in slow),
                 sorted(event["ns"] / 1e6 for event in truth["events"])))
check.that("gosqlslower: their times", all(-50 < got - want < 1 for got, want in pairs), pairs)
check.same("gosqlslower: failed statements",
           [sum(row[5] == "broken" for row in rows),
            out["gosqlslower"].count("failed: no such column: broken\n")],
           [truth["counts"]["errors"]] * 2)
check.same("gosqltop: statements", btload.maps(out["gosqltop"], "statements"), statements)
check.same("gosqltop: failed", btload.maps(out["gosqltop"], "failed"),
           {"SELECT broken FROM goods": truth["counts"]["errors"]})
check.near("gosqltop: time of slow statements",
           btload.maps(out["gosqltop"], "total_us")["SELECT slow FROM goods"],
           sum(event["ns"] for event in truth["events"]) / 1000, 0.3)
# Each operation takes one connection from the pool, and so does the first Prepare.
check.same("gosqlpool: uses of the pool",
           btload.total(btload.histogram(out["gosqlpool"], "wait_us")), done["n"] + 1)
check.same("gosqlpool: connections open", btload.total(btload.histogram(
    out["gosqlpool"], "num_open")), done["n"] + 1)
check.end()
