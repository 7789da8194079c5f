#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""How tools of bpf-scripts/*.bt are started: by file or process, and what they say otherwise."""
import subprocess

import btload

check = btload.Checks()
binary = btload.build()


def says(what, status, text, name, *words):
    """The tool ends with the status and one line, or its usage, on standard error."""
    done = subprocess.run([btload.SCRIPTS / f"{name}.bt", *map(str, words)], cwd=btload.TMP,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check.that(what, done.returncode == status and text in done.stderr + done.stdout, done)


says("nothing given", 2, "usage: gohttpslower.bt {FILE | -p PID} [MIN_MS]\n", "gohttpslower")
says("-h is the manual", 0, "OVERHEAD: two hits for a request", "gohttpslower", "-h")
says("--probes is for inject", 0, " -p net:dns_start -p net:dns_end\n", "godnslat", "--probes")
says("no such file", 1, "gohttpslower.bt: ./absent: no such file\n", "gohttpslower", "absent")
says("no such process", 1, "there is no process 999999999\n", "golife", "-p", "999999999")
says("not a process", 1, "needs the number of a process, not 'x'\n", "golife", "-p", "x")
says("no probes", 1, "load.plain has no probes: run 'probes inject ./load.plain'", "golife",
     "load.plain")
subprocess.run([btload.PROBES, "inject", "-p", "database_sql:query_*", "-p", "os:write_*",
                "-o", btload.TMP / "few", btload.TMP / "load.plain"], check=True,
               stderr=subprocess.DEVNULL)
says("probes that are missing", 1, "lacks runtime:goroutine_create runtime:goroutine_exit: ",
     "golife", "few")
says("none of several", 1, "lacks all of log_slog:handle_start log:output: ", "goslog", "few")

# A file with some of the probes: what there is, is counted.
done, out = btload.run(btload.TMP / "few", "sql,files", 20, [
    ("gosqlslower", 0), ("goiosize",), ("gofileslower", 0)])
rows = btload.table(out["gosqlslower"])
counts = done["modes"]["sql"]["counts"]
check.same("gosqlslower with two of its probes", len(rows), sum(
    n for what, n in counts.items() if what.startswith("query ")))
made = done["modes"]["files"]["counts"]["created"]
check.same("gofileslower without read and sync", sum(
    row[3] == "write" and row[6].endswith(".dat") for row in btload.table(out["gofileslower"])),
    made)
check.same("goiosize without reads",
           btload.keyed(btload.maps(out["goiosize"], "bytes_written"), ".dat"), 1000 * made)

# Two processes of one file: -p sees one, and the tool ends with it or by an interrupt. That one
# has the file at a path that is nowhere outside of its mount namespace, as in a container.
drivers = []
for inside in (["unshare", "-m", "sh", "-c", f"mount --bind {binary.parent} /mnt && exec "
                f'/mnt/{binary.name} "$@"', "sh"], [binary]):
    driver = subprocess.Popen([*inside, "-mode", "files", "-n", "20", "-hold"], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    drivers.append((driver, int(driver.stdout.readline().split()[1])))
tools = [btload.Tool("goopensnoop", "-p", drivers[0][1]), btload.Tool("gocreate", binary, 60)]
for tool in tools:
    btload.until(f"{tool.name} attaches", tool.settled)
for driver, _ in drivers:
    driver.stdin.write("go\n")
    driver.stdin.flush()
    driver.stdout.readline()
for tool in tools:
    btload.until(f"{tool.name} reads", tool.drained)
    tool.interrupt()
one, both = (tool.stop() for tool in tools)
for driver, _ in drivers:
    driver.communicate("end\n", btload.LIMIT)
rows = btload.table(one)
check.same("-p PID: files of that process alone", [int(row[1]) for row in rows],
           [drivers[0][1]] * (2 * 18 + 2))
check.same("FILE: goroutines of both processes",
           btload.keyed(btload.maps(both, "created"), "main.(*job).each, "), 2 * 4)
check.end()
