# SPDX-License-Identifier: MIT
"""What the one-liners of docs/one-liners.md must find in a run of the load driver, by number.

Each check gets the result, {"maps": {name: value}, "lines": [text]}, and the truth that the
driver wrote (tests/fixtures/load), and says True, or what is wrong. Times are compared with
what the driver measured from outside, which is never less than what the probes see.
"""
import json
import re
import subprocess

SLOW = 60  # ms; what the driver is told
NETWORK, CHANNEL, SLEEP, MUTEX = "2", "14", "19", "27"  # stable numbers of reasons to wait


def total(histogram, above=0):
    """Entries of a histogram, or of all that a map has by key, in buckets that reach `above`."""
    if isinstance(histogram, dict):
        return sum(total(one, above) for one in histogram.values())
    return sum(bucket["count"] for bucket in histogram if bucket.get("max", above) >= above)


class Run:
    """The truth in the forms that several checks want."""

    def __init__(self, truth, app):
        self.app, self.n = app, truth["n"]
        self.counts = {name: mode["counts"] for name, mode in truth["modes"].items()}
        self.sums = {name: mode["sums"] for name, mode in truth["modes"].items()}
        self.events = {name: mode["events"] or [] for name, mode in truth["modes"].items()}
        self.json_bytes = len(json.dumps(truth, separators=(",", ":")))

    def requests(self):
        return {key.replace(" ", ","): n for key, n in self.counts["http"].items()
                if key.startswith(("GET", "POST"))}

    def statuses(self):
        return {key.split()[1]: n for key, n in self.counts["http"].items()
                if key.startswith("status")}

    def statements(self):
        return {key.split(" ", 1)[1]: n for key, n in self.counts["sql"].items()
                if key.startswith(("query ", "exec ", "stmt_query "))}

    def goids(self, mode, what):
        return sorted(event["goid"] for event in self.events[mode] if event["what"] == what)

    def sleeps(self):
        """Calls of time.Sleep, less those of the name server: look-ups at a time share one."""
        counts = self.counts
        return (len(self.goids("http", "server GET /slow")) + len(self.events["sql"]) +
                len(self.events["tls"]) + counts["goroutines"]["main.lingering"] +
                counts["locks"]["waits"] + len(self.events["chans"]) +
                counts["sleeps"]["sleeps"])

    def dialled(self, new):
        """TCP connections made; `new` are those of the HTTP client. Not each is accepted."""
        return self.counts["dial"]["connected"] + self.n + new

    def symbol(self, name):
        """The address of a symbol of the program, as a key."""
        listed = subprocess.run(["nm", self.app], capture_output=True, text=True, check=True)
        return str(int(re.search(rf"^(\w+) \w {re.escape(name)}$", listed.stdout, re.M)[1], 16))


def slow_lines(result, goids, name):
    """Lines "60 ms goroutine 7 NAME": just those; others may be slow by chance, a few."""
    lines = [re.fullmatch(r"(\d+) ms goroutine (\d+) (.*)\n", line) for line in result["lines"]]
    if None in lines:
        return f"lines {result['lines']}"
    found = sorted(int(line[2]) for line in lines if line[3] == name)
    others = [line[0] for line in lines if line[3] != name]
    return found == goids and len(others) <= 5 and all(int(line[1]) >= 50 for line in lines) or \
        f"goroutines {found} instead of {goids}; others: {others}"


def by_file(found, each):
    """What is said of NUMBER.dat of the driver's folder, all of which have `each`."""
    files = {key: value for key, value in found.items() if re.search(r"/load\d+/\d+\.dat$", key)}
    return len(files) if set(files.values()) == {each} else files


def with_frame(found, frame):
    """The sum of the stacks that have a frame of this function."""
    return sum(value for key, value in found.items()
               if re.search(rf"(^|[\n,]){re.escape(frame)}\+", key))


def plain(value):
    """Without the spaces in keys, which newer bpftrace leaves out of its JSON."""
    if not isinstance(value, dict):
        return value
    return {key.replace(" ", ""): plain(inner) for key, inner in value.items()}


def equal(got, want):
    want = plain(want)
    return got == want or f"{got} instead of {want}"


def between(got, low, high):
    return low <= got <= high or f"{got} is not within {low} and {high}"


def both(*checks):
    return next((check for check in checks if check is not True), True)


def part(found, want):
    """`found` has at least what is wanted."""
    return equal({key: found.get(key) for key in plain(want)}, want)


def http(m, result, run):
    n, slow = run.n, run.counts["http"]["GET /slow"]
    return {
        1: lambda: equal(m[""], run.requests()),
        2: lambda: equal(m[""], run.statuses()),
        3: lambda: both(equal(total(m["us"]), n), between(total(m["us"], SLOW * 1000), slow,
                                                          slow + 5)),
        4: lambda: slow_lines(result, run.goids("http", "server GET /slow"), "/slow"),
        5: lambda: both(equal({key: value["count"] for key, value in m["us"].items()},
                              {key.split(",")[1]: k for key, k in run.requests().items()}),
                        between(m["us"]["/slow"]["total"], slow * SLOW * 1000,
                                slow * SLOW * 1500)),
        6: lambda: equal(m[""], {"/broken,500": run.statuses()["500"]}),
        7: lambda: equal(m["bytes"], run.sums["http"]["bytes"]),
        8: lambda: equal(m[""], run.statuses()),
        9: lambda: equal(list(m[""].values()), [n]),
        10: lambda: both(equal(sum(m[""].values()), n), between(m[""]["new"], 1, 8)),
        56: lambda: between(m["ms"][SLEEP], slow * SLOW, slow * SLOW * 1.5),
        60: lambda: both(between(m["parked_ms"], slow * SLOW, m["all_ms"]),
                         between(m["all_ms"], slow * SLOW, slow * SLOW * 2)),
    }


def sql(m, result, run):
    counts, slow = run.counts["sql"], "SELECT slow FROM goods"
    queries = {key[6:]: k for key, k in counts.items() if key.startswith("query ")}
    transactions = ("begin_start", "begin_end", "commit_start", "commit_end", "rollback_start",
                    "rollback_end")
    return {
        11: lambda: equal(m[""], run.statements()),
        12: lambda: slow_lines(result, run.goids("sql", slow), slow),
        13: lambda: both(equal({key: total(h) for key, h in m["us"].items()}, queries),
                         equal(total(m["us"][slow.replace(" ", "")], SLOW * 1000), queries[slow])),
        14: lambda: equal(m[""], {"no such column: broken": counts["errors"]}),
        15: lambda: equal(total(m["us"]), counts["tx"]),
        16: lambda: between(m[""]["SELECTkeptFROMgoods"], 1, 4),
        57: lambda: equal(sum(m[""].values()), sum(queries.values())),
        58: lambda: equal({key.split(":")[-1]: k for key, k in m[""].items()},
                          {f"tx_{name}": counts["tx"] for name in transactions}),
    }


def network(m, result, run):
    counts, n = run.counts, run.n
    bad = counts["tls"]["other.test"]
    names = {key: k for key, k in counts["dns"].items()}
    refused = {event["what"].split()[1]: counts["dial"]["refused"] for event in
               run.events["dial"]}
    return {
        17: lambda: equal(m[""], {key: counts["tls"][key] for key in ("load.test", "other.test")}),
        18: lambda: equal(m[""], {"as client": bad, "as server": counts["tls"]["server failed"]}),
        19: lambda: both(equal({key: total(h) for key, h in m["us"].items()},
                               {"as client": n, "as server": n}),
                         between(total(m["us"]["asclient"], SLOW * 1000),
                                 len(run.events["tls"]), len(run.events["tls"]) + 10)),
        20: lambda: equal(m[""], {"42": bad}),
        21: lambda: part(m[""], names),
        22: lambda: slow_lines(result, run.goids("dns", "slow.load.test."), "slow.load.test."),
        23: lambda: equal(m["failed"], {"missing.load.test.": names["missing.load.test."]}),
        24: lambda: equal(m["failed"], refused),
        25: lambda: between(total(m["us"]["tcp"]), 2 * n + 1, 2 * n + 8),
        26: lambda: between(m["accepted"], run.n + 1, run.dialled(8)),
        27: lambda: both(between(m["in"], 1000 * counts["http"]["POST /orders"] +
                                 run.sums["http"]["bytes"], m["out"]),
                         between(m["out"], m["in"], m["in"] + 4096)),
    }


def system(m, result, run):
    files, execs = run.counts["files"], run.counts["execs"]
    missing = {"/nonexistent/program": execs["/nonexistent/program"]}
    return {
        28: lambda: both(equal(by_file(m[""], 2), files["created"]),
                         part(m[""], {"/nonexistent/file": files["failed"]})),
        29: lambda: equal(m["failed"], {"/nonexistent/file": files["failed"]}),
        30: lambda: equal(by_file(m["bytes"], 1000), files["created"]),
        31: lambda: equal(m[""], execs),
        32: lambda: equal({key: total(h) for key, h in m["us"].items()},
                          {"/bin/true": execs["/bin/true"]}),
        33: lambda: equal(m["failed"], missing),
        52: lambda: equal(m[""], {key.replace(" ", ",", 1): k for key, k in
                                  run.counts["logs"].items() if key != "log"}),
        53: lambda: equal(sorted(result["lines"]), sorted(f"load: warning {i}\n" for i in
                                                          range(1, run.n, 10))),
        54: lambda: equal(m, {"panics": run.n, "recovered": run.n}),
        55: lambda: equal(m[""], {"main.fall": run.counts["panics"]["nil pointer"]}),
        59: lambda: both(equal(m["read"], run.sums["json"]["unmarshal bytes"]),
                         between(m["made"] - run.sums["json"]["marshal bytes"],
                                 0, run.json_bytes)),
    }


def scheduler(m, result, run):
    counts, waits = run.counts["goroutines"], run.counts["locks"]["waits"]
    lingering, slept = counts["main.lingering"], run.sums["locks"]["ns"] // 1000

    def till():
        return run.symbol("main.till")

    def started(found, prefix):
        return sum(value for key, value in found.items() if key.startswith(prefix))

    return {
        34: lambda: both(equal(started(m[""], "main.goroutinesMode.func1"), run.n),
                         equal(started(m[""], "main.locksMode"), waits)),
        35: lambda: part(m[""], {"main.goroutinesMode.func1": run.n, "main.locksMode.func1": waits,
                                 "main.serveTLS": run.n}),
        36: lambda: equal(sum(total(h, SLOW) for key, h in m["ms"].items()
                              if key.startswith("main.goroutinesMode")), lingering),
        37: lambda: between(m["ended"], m["created"] - 20, m["created"]),
        38: lambda: both(between(m["ms"][SLEEP], run.sleeps() * SLOW, run.sleeps() * SLOW * 1.3),
                         between(m["ms"][MUTEX], slept // 1000 - waits, slept // 1000 * 1.1 + 100)),
        39: lambda: between(total(m["us"]), 10 * run.n, 1000 * run.n),
        40: lambda: between(m[""][str(SLOW)], run.sleeps() + 1,
                            run.sleeps() + len(run.events["dns"])),
        41: lambda: part(m[""], {till(): waits}),
        42: lambda: between(m["us"][till()], waits * SLOW * 900, slept),
        43: lambda: equal(with_frame(m[""], "main.locksMode.func1.gowrap1") or
                          with_frame(m[""], "main.hold"), waits),
        44: lambda: between(sum(m["late"].values()), lingering +
                            run.counts["chans"]["receive waits"], 100),
        45: lambda: both(between(m[""].get("1,0", 0), run.counts["chans"]["at once"], 100 * run.n),
                         between(m[""].get("0,0", 0), run.counts["chans"]["send waits"] + run.n,
                                 100 * run.n)),
    }


def memory(m, result, run):
    cycles, allocs = run.counts["gc"]["cycles"], run.counts["allocs"]
    ballast = 8
    return {
        46: lambda: between(total(m["stopped_us"]), 2 * cycles +
                            run.counts["gc"]["stops to read statistics"], 2 * cycles + 60),
        47: lambda: between(total(m["us"]), cycles, cycles + 30),
        48: lambda: equal(sum(m[""].values()), cycles),
        49: lambda: between(m["kib"], ballast << 10, (ballast << 10) + 8192),
        50: lambda: part(m[""], {str(1 << 20): allocs["1 MiB"] + ballast,
                                 "100000": allocs["100000 bytes"]}),
        51: lambda: equal(with_frame(m[""], "main.allocate"), run.sums["allocs"]["large bytes"]),
    }


def judge(number, result, truth, app):
    """What is wrong with a one-liner's result; None when nothing is."""
    run, maps = Run(truth, app), plain(result["maps"])
    if not maps and not result["lines"]:
        return "found nothing"
    for area in (http, sql, network, system, scheduler, memory):
        try:
            check = area(maps, result, run).get(number)
            if check:
                said = check()
                return None if said is True else said
        except (KeyError, TypeError) as error:
            return f"{type(error).__name__} {error} in {maps}"
    return "nothing is known of what it should find (tests/docs/expected.py)"
