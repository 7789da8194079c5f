#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
"""Each libbpf tool of bpf-scripts watches the load driver at work, all at once; what they
print must be what the driver did, in numbers, goroutines and times."""
import pathlib
import re
import signal
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import driver  # noqa: E402
from driver import (OUT, Driver, Tool, check, clean, equal, slow_matches,  # noqa: E402
                    slow_within, sums)

N = 200
HEAD = r"[\d:.]{12}  (\d+) +(\d+) +"  # time, process, goroutine
MS = r"([\d.]+)"


def http_requests(truth):
    """Counts by "METHOD PATH" of the truth."""
    return {key: n for key, n in truth["counts"].items() if "/" in key}


def http_events(truth, side):
    return [event for event in truth["events"] if event["what"] == side + " GET /slow"]


def check_gohttpsnoop(tool, slow, failed, truth, pid):
    row = HEAD + r"(127\.0\.0\.1:\d+) +(\d) (\S+) +(\S+) +" + MS + r" +(\d+) 127[\d.:]+(/.*)"
    rows = tool.rows(row)
    requests = http_requests(truth)
    equal(sums(f"{r[4]} {r[8]}" for r in rows), requests, "gohttpsnoop: methods and URIs")
    equal(sums("status " + r[5] for r in rows),
          {key: n for key, n in truth["counts"].items() if key.startswith("status")},
          "gohttpsnoop: status codes")
    equal(sum(int(r[7]) for r in rows), truth["sums"]["bytes"], "gohttpsnoop: bytes sent")
    equal({r[0] for r in rows}, {str(pid)}, "gohttpsnoop: the process")
    check({r[3] for r in rows} == {"1"} and len({r[2] for r in rows}) <= N // 4,
          "gohttpsnoop: protocol and clients", {r[2:4] for r in rows})
    slow_matches([(r[1], r[6]) for r in rows if r[8] == "/slow"], http_events(truth, "server"),
                 "gohttpsnoop: goroutines and times of slow requests")
    clean(tool, seen=N, shown=N)
    equal(sums(r[8] for r in slow.rows(row)), {"/slow": requests["GET /slow"]},
          "gohttpsnoop -m: only slow requests")
    clean(slow, seen=N, shown=requests["GET /slow"])
    equal(sums(r[8] for r in failed.rows(row)), {"/broken": requests["GET /broken"]},
          "gohttpsnoop -e: only failures")


def check_goclientsnoop(tool, truth):
    rows = tool.rows(HEAD + r"(\d+) +" + MS + r" +" + MS +
                     r" (new|reused) +(\S+) +http://127[\d.:]+(/.*)")
    equal(sums(f"{r[6]} {r[7]}" for r in rows), http_requests(truth),
          "goclientsnoop: methods and URLs")
    equal(sums("status " + r[2] for r in rows),
          {key: n for key, n in truth["counts"].items() if key.startswith("status")},
          "goclientsnoop: status codes")
    slow_matches([(r[1], r[3]) for r in rows if r[7] == "/slow"], http_events(truth, "client"),
                 "goclientsnoop: goroutines and times of slow requests")
    fresh = sum(r[5] == "new" for r in rows)
    check(1 <= fresh <= N // 4, "goclientsnoop: most connections are reused", fresh)
    clean(tool, seen=N, shown=N)


def check_gohttphist(tool, truth):
    counted, slots, key = {}, {}, None
    for line in tool.lines:
        head = re.fullmatch(r"(\S+ .*?)  count (\d+), 5xx (\d+), mean .* ms, max .* ms", line)
        slot = re.fullmatch(r" +(\d+) -> \d+ +: (\d+) +\|.*\|", line)
        if head:
            key = head[1]
            counted[key] = (int(head[2]), int(head[3]))
        elif slot:
            slots.setdefault(key, {})[int(slot[1])] = int(slot[2])
    requests = http_requests(truth)
    goods = sum(n for name, n in requests.items() if name.startswith("GET /goods/"))
    broken = requests["GET /broken"]
    equal(counted, {"GET /goods/": (goods, 0), "GET /broken": (broken, broken),
                    "GET /slow": (requests["GET /slow"], 0),
                    "POST /orders": (requests["POST /orders"], 0),
                    "GET (no route)": (requests["GET /absent"], 0)},
          "gohttphist: requests and failures by route")
    equal({key: sum(s.values()) for key, s in slots.items()},
          {key: n for key, (n, _) in counted.items()}, "gohttphist: slots sum up")
    check(min(slots["GET /slow"]) >= 16384, "gohttphist: slow requests of 30 ms lie high",
          slots["GET /slow"])
    clean(tool, seen=N)


def check_goconnlife(tool, truth):
    rows = tool.rows(HEAD + r"(127\.0\.0\.1:\d+) +1 +" + MS + r" +(\d+) +" + MS + r" +(\d+)")
    equal(sum(int(r[4]) for r in rows), N, "goconnlife: requests of all connections")
    equal(sum(int(r[6]) for r in rows), truth["sums"]["bytes"], "goconnlife: bytes sent")
    slow = sum(event["ns"] for event in http_events(truth, "server")) / 1e6
    busy = sum(float(r[5]) for r in rows)
    check(slow <= busy <= slow + 2000 and all(float(r[5]) <= float(r[3]) for r in rows),
          "goconnlife: time in handlers", f": {busy} ms, of slow ones {slow} ms")
    equal(len({r[2] for r in rows}), len(rows), "goconnlife: each client once")
    clean(tool, seen=len(rows), shown=len(rows))


def check_gosqlsnoop(tool, truth):
    rows = tool.rows(HEAD + MS + r" (\S+) +(.*?)(?:  error: (.*))?")
    want = {("query", q): truth["counts"]["query " + q]
            for q in (f"SELECT {what} FROM goods" for what in ("slow", "broken", "name"))}
    want.update({("exec", q): truth["counts"]["exec " + q]
                 for q in ("INSERT INTO orders VALUES (?)", "UPDATE goods SET stock = ?")})
    want["stmt-query", "SELECT kept FROM goods"] = \
        truth["counts"]["stmt_query SELECT kept FROM goods"]
    want["prepare", "SELECT kept FROM goods"] = 1
    # database/sql itself rolls back what is committed, and is told so.
    for operation in "begin", "commit", "rollback":
        want[operation, "-"] = truth["counts"]["tx"]
    equal(sums((r[3], r[4]) for r in rows), want, "gosqlsnoop: operations and statements")
    equal(sums((r[3], r[5]) for r in rows if r[5]),
          {("query", "no such column: broken"): truth["counts"]["errors"],
           ("rollback", "sql: transaction has already been committed or rolled back"):
           truth["counts"]["tx"]}, "gosqlsnoop: texts of errors")
    slow_matches([(r[1], r[2]) for r in rows if "slow" in r[4]], truth["events"],
                 "gosqlsnoop: goroutines and times of slow statements")
    clean(tool, shown=sum(want.values()))


def check_gogcsnoop(tool, truth):
    rows = tool.rows(HEAD + r"(\d+) (heap|time|forced) +" + MS + " +" + MS + " +" + MS +
                     (" +" + MS) * 7)
    forced = [r for r in rows if r[3] == "forced"]
    equal(len(forced), truth["counts"]["cycles"], "gogcsnoop: cycles")
    equal([int(r[2]) for r in rows], list(range(1, len(rows) + 1)), "gogcsnoop: numbers")
    pauses = sum(float(r[5]) + float(r[6]) for r in forced) * 1e3
    took = sum(event["ns"] for event in truth["events"])
    # The runtime counts from when all stand, the tool from when they are told to.
    check(0.9 * truth["sums"]["pause ns"] < pauses < took, "gogcsnoop: time the world stood",
          pauses, truth["sums"], took)
    goids = {str(event["goid"]) for event in truth["events"]}
    equal({r[1] for r in forced}, goids, "gogcsnoop: the goroutine that asked")
    check(sum(float(r[4]) for r in forced) <= took / 1e6,
          "gogcsnoop: no longer than runtime.GC", took)
    check(all(8 < float(r[9]) < 80 for r in forced), "gogcsnoop: 8 MB are alive")
    clean(tool, seen=len(rows), shown=len(rows))


def check_gomutextop(tool, truth):
    rows = tool.rows(r"(\d+) +([0-9a-f]+) +(\d+) +" + MS + " +" + MS + " +" + MS + r"  (.*)")
    check(rows and rows[0][6].startswith("main.locksMode"), "gomutextop: who waits most", rows)
    equal(int(rows[0][2]), truth["counts"]["waits"], "gomutextop: waits")
    ratio = float(rows[0][3]) * 1e6 / truth["sums"]["ns"]
    check(0.9 < ratio < 1.1, "gomutextop: time waited", ratio)
    longest = max(event["ns"] for event in truth["events"]) / 1e6
    check(abs(float(rows[0][5]) - longest) < 50, "gomutextop: longest wait", rows[0], longest)
    equal(sorted((float(r[3]) for r in rows), reverse=True), [float(r[3]) for r in rows],
          "gomutextop: worst first")
    clean(tool)


def check_gotlssnoop(tool, truth):
    rows = tool.rows(HEAD + r"(client|server) +(\S+) +(\S+) +(\S+) +([-r]) +" + MS +
                     r" (\S+?)(?:  error: (.*))?")
    good, bad = truth["counts"]["load.test"], truth["counts"]["other.test"]
    equal(sums((r[2], r[8], bool(r[9])) for r in rows),
          {("client", "load.test", False): good, ("server", "load.test", False): good,
           ("client", "other.test", True): bad, ("server", "other.test", True): bad},
          "gotlssnoop: sides, names and failures")
    equal({(r[3], r[4][:3]) for r in rows if not r[9]}, {("1.3", "AES")},
          "gotlssnoop: version and cipher")
    check(all("bad_certificate" in r[9] for r in rows if r[9] and r[2] == "client"),
          "gotlssnoop: the alert")
    slow_within([(r[1], r[7]) for r in rows if r[2] == "client" and float(r[7]) > 29],
                truth["events"], "gotlssnoop: goroutines and times of slow handshakes")
    clean(tool, seen=2 * (good + bad), shown=2 * (good + bad))


def check_gorunqslower(tool, spin, locks, collecting):
    rows = tool.rows(HEAD + MS + r" (\S+) +(\d+) +(.*)")
    others = {event["goid"] for event in collecting["events"]}  # runtime.GC yields, too
    work = [r for r in rows if r[3] == "yielded" and r[5].startswith("main.(*job).each") and
            int(r[1]) not in others]
    equal(len(work), spin["counts"]["pieces"], "gorunqslower: one wait for each yield")
    late = sum(float(r[2]) >= 1000 for r in work)
    check(late >= 0.7 * len(work), "gorunqslower: four to a processor wait for each other",
          f": {late} of {len(work)} for a millisecond")
    made = [r for r in rows if r[3] == "created" and r[5].startswith("main.locksMode")]
    equal(len(made), locks["counts"]["waits"], "gorunqslower: new goroutines by their function")
    equal({int(r[4]) for r in made}, {event["goid"] for event in locks["events"]},
          "gorunqslower: who made them")
    check(tool.summary()["lost"] == 0, "gorunqslower: loses nothing", tool.messages)


def check_http2_and_aborts(app):
    """Requests over HTTP/2, and such that are never answered."""
    n = 20
    load = Driver(app, "h2,aborts", n)
    tools = {name: Tool([OUT / name, *words]) for name, words in {
        "gohttpsnoop": ["-p", load.pid], "goconnlife": ["-p", load.pid],
        "goclientsnoop": ["-e", app], "gohttphist": ["-u", "-s", app]}.items()}
    for tool in tools.values():
        tool.attached()
    truth = load.work()
    for tool in tools.values():
        tool.stop()
        clean(tool)
    load.end()
    gone = {f"gone {key}": count for key, count in truth["aborts"]["counts"].items()}
    rows = tools["gohttpsnoop"].rows(HEAD + r"127\.0\.0\.1:\d+ +(\d) (\S+) +(\S+) +" + MS +
                                     r" +(\d+) 127[\d.:]+(/.*)")
    equal(sums(f"{r[4]} {r[3]} {r[7]}" for r in rows), {"200 GET /two": n, **gone},
          "gohttpsnoop: over HTTP/2, and without an answer")
    equal({(r[2], r[6]) for r in rows}, {("2", "50"), ("1", "0")}, "gohttpsnoop: HTTP versions")
    lives = tools["goconnlife"].rows(HEAD + r"127\.0\.0\.1:\d+ +(\d) +" + MS +
                                     r" +(\d+) +(\S+) +(\S+)( hijacked)?")
    equal(sums((r[2], r[4], bool(r[7])) for r in lives),
          {("2", str(n), False): 1, ("1", "1", False): gone["gone GET /abort"],
           ("1", "1", True): gone["gone GET /taken"]}, "goconnlife: of HTTP/2, taken over")
    calls = tools["goclientsnoop"].rows(HEAD + r"0 +" + MS + " +" + MS +
                                        r" new +GET +http://[\d.:]+(/\S+)  error: EOF")
    equal(sums("gone GET " + r[4] for r in calls), gone, "goclientsnoop -e: texts of errors")
    heads = [line for line in tools["gohttphist"].lines if "count " in line and "mean" in line]
    check(len(heads) == 1 and heads[0].startswith(f"GET /two  2xx  count {n}, 5xx 0, "),
          "gohttphist -u -s: by path and status", heads)


def check_moved():
    """Names of functions in a program that the kernel puts anywhere."""
    app = driver.build("hello", "-buildmode=pie")
    log = driver.TMP / "hello.log"
    with subprocess.Popen([app], stdout=open(log, "w"), stderr=subprocess.STDOUT) as server:
        driver.wait(20, lambda: "listening " in log.read_text(), "the server")
        tool = Tool([OUT / "gorunqslower", "-m", "0", "-p", server.pid])
        tool.attached()
        address = log.read_text().split()[1]
        for _ in range(3):
            urllib.request.urlopen(f"http://{address}/").close()
        tool.stop()
        server.terminate()
    made = [r for r in tool.rows(HEAD + MS + r" created +(\d+) +(.*)")
            if r[4].startswith("net/http.(*Server).Serve")]
    equal(len(made), 3, "gorunqslower: names in a position-independent program")


def check_refusals(app):
    def run(name, *words):
        done = subprocess.run([OUT / name, *words], capture_output=True, text=True, check=False)
        return done.returncode, (done.stderr + done.stdout).splitlines()

    plain = str(app) + ".plain"
    code, lines = run("gohttpsnoop", plain)
    check(code == 3 and len(lines) == 1 and plain in lines[0] and
          "no probe net_http:server_request_start" in lines[0] and "probes inject" in lines[0],
          "a file without probes is refused in one line", code, lines)
    code, lines = run("gosqlsnoop", plain)
    check(code == 3 and len(lines) == 1, "a file with none of several probes, too", code, lines)
    for words in (), ("-p", "x"), ("-m",), ("-m", "much", plain), ("a", "b"), ("-Z", plain):
        code, lines = run("gohttpsnoop", *words)
        check(code == 2 and len(lines) == 1 and lines[0].startswith("gohttpsnoop: "),
              f"wrong usage {words}", code, lines)
    code, lines = run("gohttpsnoop", "/nonexistent/file")
    check(code == 1 and "No such file" in lines[0], "a file that is not there", lines)
    for name in sorted(path.stem.split(".")[0]
                       for path in (driver.ROOT / "bpf-scripts").glob("*.bpf.c")):
        code, lines = run(name, "--help")
        check(code == 0 and any("USAGE" in line for line in lines), f"{name} --help", lines)
        example = driver.ROOT / f"bpf-scripts/examples/{name}.txt"
        check(example.exists() and name in example.read_text(), f"{name} has an example")
    code, lines = run("gohttpsnoop", "-d", "0.2", app.name)  # in the folder at hand
    check(code == 0 and lines[-2].startswith("0 seen"), "-d ends by itself", code, lines)


def main():
    driver.need()
    if not (OUT / "gohttpsnoop").exists():
        driver.skip("built without BPF (make deps)")
    app = driver.build()
    check_refusals(app)
    check_http2_and_aborts(app)
    check_moved()
    load = Driver(app, "http,sql,gc,tls,locks,spin", N, "-slow", "30ms", "-c", "4")
    pid = ["-p", load.pid]
    tools = {name: Tool([OUT / name, *words]) for name, words in {
        "gohttpsnoop": pid, "goclientsnoop": pid, "gohttphist": pid, "goconnlife": [app],
        "gosqlsnoop": ["-a", *pid], "gogcsnoop": pid, "gomutextop": pid, "gotlssnoop": [app],
        "gorunqslower": ["-m", "0", *pid]}.items()}
    slow = Tool([OUT / "gohttpsnoop", "-m", "25", app])
    failed = Tool([OUT / "gohttpsnoop", "-e", *pid])
    everything = [*tools.values(), slow, failed]
    for tool in everything:
        tool.attached()
    truth = load.work()
    for tool in everything:
        tool.stop(signal.SIGTERM if tool is slow else signal.SIGINT)
    load.end()
    check_gohttpsnoop(tools["gohttpsnoop"], slow, failed, truth["http"], load.pid)
    check_goclientsnoop(tools["goclientsnoop"], truth["http"])
    check_gohttphist(tools["gohttphist"], truth["http"])
    check_goconnlife(tools["goconnlife"], truth["http"])
    check_gosqlsnoop(tools["gosqlsnoop"], truth["sql"])
    check_gogcsnoop(tools["gogcsnoop"], truth["gc"])
    check_gomutextop(tools["gomutextop"], truth["locks"])
    check_gotlssnoop(tools["gotlssnoop"], truth["tls"])
    check_gorunqslower(tools["gorunqslower"], truth["spin"], truth["locks"],
                       truth["gc"])
    driver.finish()


if __name__ == "__main__":
    main()
