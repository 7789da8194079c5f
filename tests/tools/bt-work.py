#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""Tools of bpf-scripts/*.bt for panics, commands, logs, contexts, files and JSON count what the
load driver did."""
import json

import btload

check = btload.Checks()
binary = btload.build()
done, out = btload.run(binary, "panics,execs,logs,cancels", 50, [
    ("gopanics",), ("goexecsnoop",), ("goslog",), ("gocancel",), ("gothreads",)])
modes = done["modes"]

rows = btload.table(out["gopanics"])
counts = modes["panics"]["counts"]
check.same("gopanics: in which function", (
    out["gopanics"].count("panic in main.fall\n"), sum("signal 11" in " ".join(row) and
                                                      row[-1] == "main.fall" for row in rows)),
    (counts["sold out"], counts["nil pointer"]))
for what in ("panic", "recovered"):
    check.same(f"gopanics: goroutines of {what}", sorted(
        int(row[2]) for row in rows if row[3] == what),
        sorted(event["goid"] for event in modes["panics"]["events"]))

rows = [row[3:] for row in btload.table(out["goexecsnoop"])]
counts = modes["execs"]["counts"]
check.same("goexecsnoop: started", rows.count(["started", "/bin/true", "one", "two"]),
           counts["/bin/true"])
check.same("goexecsnoop: not started", rows.count(["failed", "/nonexistent/program", "-v"]),
           counts["/nonexistent/program"])
check.same("goexecsnoop: ended", sum(
    row[:2] == ["ended,", "ok"] and row[-1] == "/bin/true" for row in rows), counts["/bin/true"])
check.same("goexecsnoop: lines", len(rows), 2 * counts["/bin/true"] +
           counts["/nonexistent/program"])

rows = [" ".join(row[3:]) for row in btload.table(out["goslog"])]
counts = modes["logs"]["counts"]
check.same("goslog: lines of package log", sorted(row for row in rows if row.startswith("log")),
           sorted(f"log load: warning {i}" for i in range(1, 50, 10)))
for level, name in ((0, "INFO order done"), (4, "WARN order late"), (8, "ERROR order lost")):
    check.same(f"goslog: {name}", rows.count(f"{name} [main.structured]"),
               counts[f"{level} {name.split(' ', 1)[1]}"])

counts = modes["cancels"]["counts"]
check.same("gocancel: contexts made and cancelled",
           [btload.scalar(out["gocancel"], name) for name in ("derived", "cancelled")], [50, 50])
by = btload.maps(out["gocancel"], "cancelled_by")
check.same("gocancel: timed out", btload.keyed(by, "context.WithDeadline"), counts["timed out"])
check.same("gocancel: by the program", btload.keyed(by, "main.cancelsMode.func1"),
           counts["cancelled"])
check.same("gocancel: ages above 16 ms", sum(
    n for low, _, n in btload.histogram(out["gocancel"], "age_us") if low >= 16384),
    counts["timed out"])

check.same("gothreads: threads", len(btload.table(out["gothreads"])), done["threads"])

done, out = btload.run(binary, "files,json", 20, [
    ("goopensnoop",), ("goiosize",), ("gofileslower", 0), ("gojsonlat",), ("gosyscount",)])
files, texts = done["modes"]["files"], done["modes"]["json"]
made, failed, size = files["counts"]["created"], files["counts"]["failed"], files["sums"]["bytes"]

rows = btload.table(out["goopensnoop"])
check.same("goopensnoop: files", sum(row[6].endswith(".dat") and row[3] != "-" for row in rows),
           2 * made)
check.same("goopensnoop: failed", [row[6] for row in rows if row[3] == "-"],
           ["/nonexistent/file"] * failed)

for what in ("read", "written"):
    check.same(f"goiosize: bytes {what}", btload.keyed(
        btload.maps(out["goiosize"], f"bytes_{what}"), ".dat"), size)
    check.same(f"goiosize: times {what}", btload.keyed(
        btload.maps(out["goiosize"], f"times_{what}"), ".dat"), made)
for name in ("read_size", "write_size"):
    check.same(f"goiosize: {name}", sum(
        n for low, _, n in btload.histogram(out["goiosize"], name) if low == 512), made)

rows = [(row[3], row[4]) for row in btload.table(out["gofileslower"]) if row[6].endswith(".dat")]
check.same("gofileslower: operations", sorted(rows), [("read", "1000")] * made +
           [("write", "1000")] * made)

calls = btload.maps(out["gosyscount"], "calls")
check.same("gosyscount: unlinkat of os.Remove", btload.keyed(calls, "os.Remove"), made)
check.same("gosyscount: openat", btload.keyed(calls, "syscall.openat, os."), 2 * made + failed)

# The driver writes its truth as JSON, too, within the time that is watched.
own = {key: value for key, value in done.items() if key != "threads"}
for tally in own["modes"].values():
    tally["events"] = tally["events"] or None
own = len(json.dumps(own, separators=(",", ":")))
marshalled = len(texts["events"]) + texts["counts"]["orders"] + 1
for what, n, bytes_ in (("marshal", marshalled, texts["sums"]["marshal bytes"] + own),
                        ("unmarshal", texts["counts"]["orders"],
                         texts["sums"]["unmarshal bytes"])):
    line = f"@{what}_bytes: count {n}, average {bytes_ // n}, total {bytes_}\n"
    check.that(f"gojsonlat: {line.strip()}", line in out["gojsonlat"], out["gojsonlat"])
    check.same(f"gojsonlat: calls of {what}",
               btload.total(btload.histogram(out["gojsonlat"], f"{what}_us")), n)
check.end()
