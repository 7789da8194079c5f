#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""The memory and collector tools of bpf-scripts/*.bt count what the load driver did."""
import btload

check = btload.Checks()
binary = btload.build()
done, out = btload.run(binary, "allocs,stacks", 50, [
    ("goallocstacks",), ("gomalloclarge", 90), ("gostackgrow",)])
counts = done["modes"]["allocs"]["counts"]

rows = btload.histogram(out["goallocstacks"], "size")
check.that("goallocstacks: objects of 1 KiB", counts["1024 bytes"] <= sum(
    n for low, _, n in rows if low == 1024) <= counts["1024 bytes"] + 3, rows)
taken = [value for key, value in btload.maps(out["goallocstacks"], "bytes").items()
         if "runtime.makeslice, main.allocate, " in key]
# Go takes whole pages of 8 KiB for large objects.
check.same("goallocstacks: bytes by place", sorted(taken), [
    1024 * counts["1024 bytes"], 106496 * counts["100000 bytes"] + 1048576 * counts["1 MiB"]])

rows = btload.table(out["gomalloclarge"])
check.same("gomalloclarge: sizes", sorted((row[3], row[4]) for row in rows), sorted(
    [("1048576", "no")] * counts["1 MiB"] + [("100000", "yes")] * counts["100000 bytes"]))
check.same("gomalloclarge: bytes", btload.scalar(out["gomalloclarge"], "bytes"),
           done["modes"]["allocs"]["sums"]["large bytes"])
check.same("gomalloclarge: stacks", out["gomalloclarge"].count("main.allocate+"), len(rows))

check.same("gostackgrow: to 64 KiB", btload.maps(out["gostackgrow"], "grown_to").get("65536"),
           done["modes"]["stacks"]["counts"]["main.climb"])
copied = btload.keyed(btload.maps(out["gostackgrow"], "copied"), "main.stacksMode.func1")
check.that("gostackgrow: bytes copied", 32768 * 50 <= copied <= 65536 * 50, copied)

done, out = btload.run(binary, "gc,churn", 20, [("gogcstw",), ("gogcpace",), ("gogcassist",)])
gc = done["modes"]["gc"]
stops = [" ".join(row[4:]) for row in btload.table(out["gogcstw"])]
cycles = btload.table(out["gogcpace"])
check.same("gogcstw: a stop for each cycle", stops.count("GC sweep termination"), len(cycles))
check.same("gogcstw: ReadMemStats", stops.count("ReadMemStats"),
           gc["counts"]["stops to read statistics"])
paused = sum(int(row[3]) for row in btload.table(out["gogcstw"]) if row[4] == "GC")
check.that("gogcstw: at least the pauses that Go counts", paused * 1000 >= gc["sums"]["pause ns"],
           paused, gc["sums"])
check.same("gogcstw: histograms", sum(btload.total(btload.histogram(out["gogcstw"], "us", reason))
                                      for reason in set(stops)), len(stops))
forced = [row for row in cycles if row[2] == "forced"]
check.same("gogcpace: forced cycles", len(forced), done["n"])
check.same("gogcpace: heap of 8 MiB", {int(row[5]) // 1024 for row in forced}, {8})
check.that("gogcpace: start not below what stays", all(
    int(row[4]) >= int(row[5]) for row in forced), forced)
heap = [row for row in cycles if row[2] == "heap" and int(row[5]) > 32 << 10]
check.that("gogcpace: churn collects with 32 MiB alive", len(heap) >= 1, cycles)
# The runtime counts assists in processor time, the tool from start to end.
counted = sum(int(row[7]) for row in cycles)
found = sum(btload.maps(out["gogcassist"], "us").values())
check.that(f"gogcassist: {found} us, the runtime itself has {counted}",
           found >= 0.8 * counted > 0, out["gogcassist"])
check.that("gogcassist: the code that allocates",
           btload.keyed(btload.maps(out["gogcassist"], "us"), "main.list") > 0.3 * found)
check.end()
