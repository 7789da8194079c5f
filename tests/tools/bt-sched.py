#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""The scheduler's and locks' tools of bpf-scripts/*.bt count what the load driver did."""
import subprocess

import btload

check = btload.Checks()
binary = btload.build()
done, out = btload.run(binary, "goroutines,locks,chans,sleeps,spin", 50, [
    ("gocreate", 60), ("golife",), ("gosched",), ("gorunqlat",), ("gomutexslow", 20),
    ("gochanblock", 20000), ("gotimerlat",)])
starts, locks, chans = (done["modes"][name] for name in ("goroutines", "locks", "chans"))
n = done["n"]

created = btload.maps(out["gocreate"], "created")
passing, lingering = starts["counts"]["main.passing"], starts["counts"]["main.lingering"]
check.same("gocreate: by main.goroutinesMode.func1",
           sorted(value for key, value in created.items()
                  if key.startswith("main.goroutinesMode.func1, ")), sorted([passing, lingering]))
check.same("gocreate: by main.locksMode.func1",
           btload.keyed(created, "main.locksMode.func1, "), locks["counts"]["waits"])

ended = btload.maps(out["golife"], "ended")
lives = {key: btload.histogram(out["golife"], "us", key) for key in ended
         if key.startswith("main.goroutinesMode.func1")}
check.same("golife: goroutines", sorted(btload.total(rows) for rows in lives.values()),
           sorted([passing, lingering]))
check.same("golife: those that live long", [
    sum(count for low, _, count in rows if low >= 16384) for rows in lives.values()
    if btload.total(rows) == lingering], [lingering])
started = btload.maps(out["golife"], "started")
check.that("golife: started and ended of this program", all(
    started[key] == ended[key] for key in started if key.startswith("main.")), started, ended)

waits = btload.statistics(out["gosched"], "us")
sleeps = n + lingering + n + 2 * chans["counts"]["send waits"]
check.same("gosched: sleeps", waits["sleep"][0], sleeps)
check.near("gosched: their time", waits["sleep"][2], sleeps * 30000, 0.25)
check.same("gosched: waits for a mutex", waits["sync.Mutex.Lock"][0], locks["counts"]["waits"])
check.near("gosched: their time", waits["sync.Mutex.Lock"][2], locks["sums"]["ns"] / 1000, 0.05,
           20000)

check.near("gorunqlat: new goroutines",
           btload.total(btload.histogram(out["gorunqlat"], "new_us")), sum(created.values()), 0, 6)
check.that("gorunqlat: sleepers and others are woken",
           btload.total(btload.histogram(out["gorunqlat"], "woken_us")) >= sleeps)
check.that("gorunqlat: runtime.Gosched gives way", btload.total(
    btload.histogram(out["gorunqlat"], "gave_way_us")) >= n - 8, out["gorunqlat"])

rows = btload.table(out["gomutexslow"])
check.same("gomutexslow: goroutines", sorted(int(row[2]) for row in rows),
           sorted(event["goid"] for event in locks["events"]))
# The program's clock also counts the time until it runs again.
check.near("gomutexslow: time", sum(float(row[3]) for row in rows), locks["sums"]["ns"] / 1e6,
           0.15, 20)
check.same("gomutexslow: stacks", out["gomutexslow"].count("main.locksMode.func1+"), len(rows))
symbols = subprocess.run(["nm", binary], stdout=subprocess.PIPE, text=True, check=True).stdout
till = [line.split()[0] for line in symbols.splitlines() if line.endswith(" main.till")]
check.same("gomutexslow: the mutex", {int(row[4], 16) for row in rows}, {int(till[0], 16)})
check.same("gomutexslow: all waits for it", btload.statistics(out["gomutexslow"], "us")[
    f"{done['pid']}, {int(till[0], 16)}"][0], locks["counts"]["waits"])

for what in ("receive", "send"):
    blocked = btload.statistics(out["gochanblock"], f"{what}_us")
    here = [value for key, value in blocked.items() if key.startswith("main.chansMode.func1,")]
    check.same(f"gochanblock: {what}", sum(count for count, _, _ in here),
               chans["counts"][f"{what} waits"])
    check.near(f"gochanblock: time of {what}", sum(total for _, _, total in here), sum(
        event["ns"] / 1000 for event in chans["events"] if event["what"] == what), 0.1, 5000)

check.same("gotimerlat: timers", btload.scalar(out["gotimerlat"], "once"), sleeps)
rows = btload.histogram(out["gotimerlat"], "late_us")
check.same("gotimerlat: all of them", btload.total(rows), sleeps)
worst = btload.scalar(out["gotimerlat"], "worst_us")
check.that("gotimerlat: the worst", max(low for low, _, n in rows if n) <= worst < 1000000, worst)
check.end()
