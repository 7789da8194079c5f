# SPDX-License-Identifier: MIT
"""Each bcc tool of bpf-scripts watches the load driver at work, all at once; what they print
must be what the driver did, in numbers, goroutines and times."""
import re
import subprocess

import driver
from driver import ROOT, Driver, Tool, check, clean, equal, slow_matches, slow_within, sums

N = 100
HEAD = r"[\d:.]{12}  (\d+) +(\d+) +"  # time, process, goroutine
MS = r"([\d.]+)"
NUMBER = r" +(-?\d+)"


def last_table(tool):
    """The rows below the last line with a time alone."""
    starts = [i for i, line in enumerate(tool.lines) if re.fullmatch(r"[\d:]{8}", line)]
    tool.lines = tool.lines[starts[-1]:]


def events(truth, what):
    return [event for event in truth["events"] if event["what"] == what]


def check_gohttpstat(tool, truth):
    rows = tool.rows(r"[\d:]{8}" + NUMBER * 6 + (" +" + MS) * 3 + NUMBER)
    counts = truth["counts"]
    columns = [sum(int(row[i]) for row in rows) for i in range(6)]
    equal(columns, [N, counts["status 200"] + counts["status 201"], 0, counts["status 404"],
                    counts["status 500"], 0], "gohttpstat: requests by class of status")
    slow = events(truth, "server GET /slow")
    spent, known = (sum(int(row[0]) * float(row[6]) for row in rows),
                    sum(event["ns"] for event in slow) / 1e6)
    check(known < spent < known + 1000, "gohttpstat: mean", spent, known)
    check(27 < max(float(row[8]) for row in rows) < 200, "gohttpstat: 99th percentile", rows)
    equal(int(rows[-1][9]), 0, "gohttpstat: nothing is open at the end")
    check(len(rows) > 3, "gohttpstat: a line for each interval", rows)
    clean(tool, seen=N)


def check_goclienttop(tool, truth):
    last_table(tool)
    rows = tool.rows(NUMBER * 5 + (" +" + MS) * 2 + r"  (127\.0\.0\.1:\d+)",
                     r"(\d+)" + NUMBER * 4 + (" +" + MS) * 2 + r"  (127\.0\.0\.1:\d+)")
    counts = truth["counts"]
    equal([tuple(int(n) for n in row[:4]) for row in rows],
          [(N, counts["status 404"], counts["status 500"], 0)], "goclienttop: requests by host")
    check(N * 3 // 4 <= int(rows[0][4]) < N, "goclienttop: most connections are reused", rows)
    longest = max(event["ns"] for event in events(truth, "client GET /slow")) / 1e6
    check(abs(float(rows[0][6]) - longest) < 50, "goclienttop: longest", rows, longest)
    clean(tool, seen=N)


def check_godbwait(tool, truth):
    rows = tool.rows(HEAD + MS + r" +(\d+) +(\d+)")
    slow_within([row[1:3] for row in rows], truth["events"], "godbwait: goroutines and times")
    check({row[3:] for row in rows} == {("1", "1")} and len(rows) < truth["counts"]["waits"] + 5,
          "godbwait: connections open and allowed; only long waits", rows)
    slots = tool.rows(r" +\d+ -> \d+ +: (\d+) +\|.*\|")
    equal(sum(int(slot[0]) for slot in slots),
          truth["counts"]["waits"] + truth["counts"]["at once"], "godbwait: histogram of all")
    clean(tool)


def check_goioslower(tool, pipes, files):
    rows = tool.rows(HEAD + r"(read|write|sync) +" + MS + r" +(\d+) +(\S+)  (.*?)")
    slow_matches([(row[1], row[3]) for row in rows if row[6] == "|0"], pipes["events"],
                 "goioslower: goroutines and times of reads from pipes")
    data = [(row[2], row[4], row[5]) for row in rows if row[6].endswith(".dat")]
    made = files["counts"]["created"]
    equal(sums(data), {("read", "1000", "-"): made, ("write", "1000", "-"): made},
          "goioslower: calls, bytes and offsets")
    clean(tool)


def check_gofiletop(tool, pipes, files):
    last_table(tool)
    rows = tool.rows(r" *(\d+) +(\d+) +" + MS + " +" + MS + " +" + MS + r"  (.*)")
    data = [row for row in rows if row[5].endswith(".dat")]
    equal(sums(row[:4] for row in data), {("1", "1", "1.0", "1.0"): files["counts"]["created"]},
          "gofiletop: calls and bytes of each file")
    waited = sum(event["ns"] for event in pipes["events"]) / 1e6
    pipe = [row for row in rows if row[5] == "|0"]
    check(len(pipe) == 1 and int(pipe[0][0]) == N and
          abs(float(pipe[0][4]) / waited - 1) < 0.1, "gofiletop: time in calls", pipe, waited)
    clean(tool)


def check_godnssnoop(tool, truth):
    rows = [row for row in tool.rows(HEAD + r"(ip|host) +" + MS + r" +(\d+)  (\S+?)(  failed)?")
            if row[5].endswith(".test.")]
    want = {("ip", "0" if "missing" in name else "1", name,
             "  failed" if "missing" in name else None): n
            for name, n in truth["counts"].items() if name.endswith(".test.")}
    equal(sums((row[2], *row[4:]) for row in rows), want, "godnssnoop: names and failures")
    slow_matches([(row[1], row[3]) for row in rows if row[5].startswith("slow")],
                 truth["events"], "godnssnoop: goroutines and times of slow look-ups")
    clean(tool)


def check_goroutinestat(tool, truth):
    rows = [[int(n) for n in row] for row in tool.rows(r"[\d:]{8}" + NUMBER * 10)]
    total = [sum(column) for column in zip(*rows)]
    slept = (truth["sleeps"]["counts"]["sleeps"] +
             truth["goroutines"]["counts"]["main.lingering"] +
             truth["http"]["counts"]["GET /slow"])
    # The driver's name server sleeps once for look-ups of one name that come together.
    asked = truth["dns"]["counts"]["slow.load.test."]
    check(slept < total[7] <= slept + asked, "goroutinestat: sleeps", total, slept, asked)
    made = N * 3  # modes goroutines, pool and pipes make one for each operation
    check(made < total[0] < made + 10 * N, "goroutinestat: created", total)
    equal(rows[-1][2], total[0] - total[1], "goroutinestat: growth is created less ended")
    check(0 <= rows[-1][2] < 12, "goroutinestat: nothing leaks", rows[-1])
    check(total[4] >= truth["goroutines"]["counts"]["main.lingering"],
          "goroutinestat: waits in channels", total)
    clean(tool)


def check_refusals(app):
    def run(name, *words):
        done = subprocess.run([ROOT / "bpf-scripts" / name, *words], capture_output=True,
                              text=True, check=False)
        return done.returncode, (done.stderr + done.stdout).splitlines()

    plain = str(app) + ".plain"
    code, lines = run("gohttpstat.py", plain)
    check(code == 1 and len(lines) == 1 and "no probe net_http:server_request_start" in lines[0]
          and plain in lines[0] and "probes inject" in lines[0],
          "a file without probes is refused in one line", code, lines)
    code, lines = run("goioslower.py", plain)
    check(code == 1 and len(lines) == 1, "a file with none of several probes, too", code, lines)
    code, lines = run("gohttpstat.py")
    check(code == 2 and "neither FILE nor -p PID" in lines[-1], "wrong usage", code, lines)
    for path in sorted((ROOT / "bpf-scripts").glob("*.py")):
        if path.name == "gobcc.py":
            continue
        text = path.read_text()
        check(all(word in text for word in ("USAGE: ", "PROBES: ", "EXAMPLE: ")),
              f"{path.name} says how it is used")
        example = ROOT / "bpf-scripts/examples" / (path.stem + ".txt")
        check(example.exists() and path.name in example.read_text(),
              f"{path.name} has an example")


def main():
    app = driver.build()
    check_refusals(app)
    load = Driver(app, "http,pool,pipes,files,dns,goroutines,sleeps", N, "-c", "4")
    pid = ["-p", load.pid]
    scripts = ROOT / "bpf-scripts"
    tools = {name: Tool([scripts / (name + ".py"), *words]) for name, words in {
        "gohttpstat": ["-i", "0.5", *pid], "goclienttop": ["-i", "5", app],
        "godbwait": ["-m", "25", *pid], "goioslower": ["-m", "0", *pid],
        "gofiletop": pid, "godnssnoop": [app], "goroutinestat": pid}.items()}
    for tool in tools.values():
        tool.attached()
    truth = load.work()
    for tool in tools.values():
        tool.stop()
    load.end()
    check_gohttpstat(tools["gohttpstat"], truth["http"])
    check_goclienttop(tools["goclienttop"], truth["http"])
    check_godbwait(tools["godbwait"], truth["pool"])
    check_goioslower(tools["goioslower"], truth["pipes"], truth["files"])
    check_gofiletop(tools["gofiletop"], truth["pipes"], truth["files"])
    check_godnssnoop(tools["godnssnoop"], truth["dns"])
    check_goroutinestat(tools["goroutinestat"], truth)
    driver.finish()


if __name__ == "__main__":
    main()
