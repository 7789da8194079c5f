#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""The network tools of bpf-scripts/*.bt count what the load driver did."""
import btload

check = btload.Checks()
done, out = btload.run(btload.build(), "tls,dns,dial", 100, [
    ("gotlslat",), ("godnslat",), ("godialslower", 1000), ("goacceptlat",)], "-slow", "100ms")
tls, dns, dial = (done["modes"][name] for name in ("tls", "dns", "dial"))

failed = [row[3] for row in btload.table(out["gotlslat"])]
check.same("gotlslat: failed handshakes of clients and servers",
           (failed.count("client"), failed.count("server")),
           (tls["counts"]["other.test"], tls["counts"]["server failed"]))
for side in ("client", "server"):
    check.same(f"gotlslat: handshakes of the {side}",
               btload.total(btload.histogram(out["gotlslat"], f"{side}_us")), done["n"])
check.same("gotlslat: slow ones", sum(
    n for low, _, n in btload.histogram(out["gotlslat"], "client_us") if low >= 65536),
    len(tls["events"]))

rows = btload.table(out["godnslat"])
names = [row[5] for row in rows if row[5].endswith(".test.")]
check.same("godnslat: names", {name: names.count(name) for name in set(names)}, dns["counts"])
slow = [row for row in rows if row[5] == "slow.load.test."]
check.same("godnslat: goroutines of slow names", sorted(int(row[2]) for row in slow),
           sorted(event["goid"] for event in dns["events"]))
pairs = list(zip(sorted(float(row[3]) for row in slow),
                 sorted(event["ns"] / 1e6 for event in dns["events"])))
check.that("godnslat: their times", all(-50 < got - want < 1 for got, want in pairs), pairs)
check.same("godnslat: addresses found", {(row[5].split(".")[0], row[4]) for row in rows
                                         if row[5].endswith(".test.")},
           {("goods", "1"), ("slow", "1"), ("missing", "-")})
check.same("godnslat: look-ups", btload.total(btload.histogram(out["godnslat"], "us")), len(rows))

rows = btload.table(out["godialslower"])
check.same("godialslower: goroutine, result and address",
           sorted((int(row[2]), row[4], row[6]) for row in rows),
           sorted((event["goid"], "failed", event["what"].split()[1])
                  for event in dial["events"]))

connections = done["n"] + dial["counts"]["connected"]
check.same("goacceptlat: connections",
           sum(btload.maps(out["goacceptlat"], "accepted").values()), connections)
for name in ("waited_us", "away_us"):
    fds = btload.maps(out["goacceptlat"], "accepted")
    check.same(f"goacceptlat: {name}", sum(btload.total(
        btload.histogram(out["goacceptlat"], name, fd)) for fd in fds), connections)
check.end()
