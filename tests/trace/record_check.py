# SPDX-License-Identifier: MIT
"""Compares recordings with what the program knows: record_check.py WHAT TRUTH TRACE...
or with what Perfetto makes of one: record_check.py perfetto TRUTH TRACE FOLDER"""
import collections
import json
import pathlib
import re
import subprocess
import sys

from chrome_file import Trace

STATUS = {"/slow": 200, "/broken": 500, "/absent": 404, "/orders": 201}
ERA = re.compile(r"^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")


def equal(got, want, what):
    if got != want:
        sys.exit(f"{what}: {got} instead of {want}")


def requests(trace):
    """Finished requests to the server. A record made of two would mix path and status."""
    found = [s for s in trace.named("server_request") if not about(s).get("unfinished")]
    for span in found:
        args = span.event["args"]
        status = STATUS.get(args["uri"], 200)
        equal(args["status"], status, f"status of {args['uri']}")
        equal(span.event["name"], f"server_request {args['method']} {args['uri']}", "name")
        equal(args["method"], "POST" if args["uri"] == "/orders" else "GET", "method")
        equal(bool(about(span).get("failed")), status >= 500, "failed")
        equal(bool(ERA.match(about(span)["ended"])), True, "time")
    return found


def about(span):
    return span.event["args"].get("event", {})


def slow_ones(truth, what):
    return [(e["goid"], e["ns"]) for e in truth["modes"]["http"]["events"] if e["what"] == what]


def check_cause(trace, goid, took):
    """Exactly one event is what it was written for: this slow request."""
    causes = [s for s in trace.spans if about(s).get("trigger")]
    equal(len(causes), 1, "events that are the cause")
    equal(causes[0].event["args"]["uri"], "/slow", "the cause's path")
    equal(about(causes[0])["goid"], goid, "the cause's goroutine")
    equal(causes[0].event["tid"], goid, "the cause's track")
    marks = [s for s in trace.named("cause: server_request GET /slow took")]
    equal([trace.track(s) for s in marks], ["cause of the recording"], "the mark of the cause")
    equal(abs(marks[0].start - causes[0].start) < 1e6, True, "where the mark is")
    equal(took <= causes[0].end - causes[0].start <= took + 200e6, True, "the cause's duration")
    return causes[0]


def statements(counts):
    """What the truth counts, by the names of spans."""
    tables = {"query": "query", "exec": "exec", "stmt_query": "stmt_query"}
    return {f"{tables[word]} {text}": n for key, n in counts.items()
            for word, _, text in [key.partition(" ")] if word in tables}


def check_whole(truth, trace):
    """All that happened is in the file: as many of each as the program counted."""
    http, sql = truth["modes"]["http"]["counts"], truth["modes"]["sql"]["counts"]
    want = {key: n for key, n in http.items() if key.split()[0] in ("GET", "POST")}
    for side in ("server_request", "client_request"):
        names = [s.event["name"] for s in trace.named(side)]
        got = collections.Counter(name.partition(" ")[2] for name in names)
        equal(dict(got), want, f"{side} spans")
    got = collections.Counter(s.event["name"] for s in trace.spans if s.event["cat"] == "sql")
    for name, n in statements(sql).items():
        equal(got[name], n, name)
    equal(got["tx_commit"], sql["tx"], "transactions")
    failed = [s for s in trace.spans if s.event["cat"] == "sql" and about(s).get("failed")]
    equal(len([s for s in failed if s.event["name"].startswith("query")]), sql["errors"],
          "statements that failed")
    # The compiler starts a wrapper of each that has arguments.
    started = collections.Counter(s.event["name"] for s in trace.named("go main.goroutinesMode."))
    goroutines = truth["modes"]["goroutines"]["counts"]
    equal(sorted(started.values()), sorted(goroutines.values()), "goroutines started")
    cycles = [s for s in trace.spans if trace.track(s) == "garbage collector"]
    asked = [s for s in cycles if s.event["args"]["trigger"] == 2]  # by runtime.GC
    equal(len(asked), truth["n"], "collections that the program asked for")
    stops = collections.Counter(s.event["name"] for s in trace.spans
                                if trace.track(s) == "stop the world")
    equal(stops["stopped: ReadMemStats"], 2, "stops to read statistics")
    equal(stops["stopped: GC mark termination"], len(cycles), "stops to end a collection")


def check_goroutines(truth, trace):
    """Waits have their reasons, wake-ups their arrows, tracks their names."""
    goid, took = slow_ones(truth, "server GET /slow")[0]
    cause = check_cause(trace, goid, took)
    inside = [s for s in trace.spans if s.event["tid"] == goid and
              cause.start <= s.start and s.end <= cause.end]
    sleeps = [s for s in inside if s.event["name"] == "sleep"]
    equal(len(sleeps), 1, "sleeps within the slow request")
    equal(sleeps[0].end - sleeps[0].start > 0.9 * took, True, "the sleep is what took so long")
    equal(trace.track(cause).split(".(*Server).Serve.")[0], f"goroutine {goid} net/http",
          "the track's name")
    work = [s for s in trace.named("client_request") if s.event["args"]["path"] == "/slow"]
    equal(trace.track(work[0]).split("each.")[0],
          f"goroutine {slow_ones(truth, 'client GET /slow')[0][0]} main.(*job).",
          "the client's track")
    names = {}
    for ident, (_, _, source) in trace.arrows["s"].items():
        target = trace.arrows["f"][ident][2]
        names.setdefault(source.event["name"].split()[0], set()).add(target.event["name"])
        if source.event["name"].startswith("wake goroutine "):
            woken = trace.track(target).split()[1]
            equal(source.event["name"], f"wake goroutine {woken}", "where the arrow leads")
    equal(names, {"go": {"created"}, "wake": {"runnable"}}, "arrows")


def check_last(truth, whole, last, seconds):
    """The second recording is the end of the first: the last seconds, and nothing before."""
    everything, ends = requests(whole), requests(last)
    equal(len(everything), truth["n"], "requests in the long recording")
    equal(0 < len(ends) < len(everything), True, f"{len(ends)} requests in the short one")
    tail = everything[-len(ends):]
    key = lambda span: (about(span)["goid"], span.event["name"])
    equal([key(s) for s in ends], [key(s) for s in tail], "the last requests")
    if seconds:  # requests came evenly until shortly before
        span = ends[-1].end - ends[0].start
        equal((seconds - 1.5) * 1e9 < span < (seconds + 0.1) * 1e9, True, f"{span / 1e9} s")


QUERIES = {
    "spans": "select count(*) from slice",
    "arrows": """select o.name, i.name from flow f join slice o on f.slice_out = o.id
        join slice i on f.slice_in = i.id""",
    "tracks": "select name from thread where name is not null",
    "lost": "select name, value from stats where severity != 'info' and value > 0",
    "slow": """select thread.tid, s.name, extract_arg(s.arg_set_id, 'args.status'), i.name
        from slice s join thread_track t on s.track_id = t.id join thread using (utid)
        join slice i on i.parent_id = s.id
        where extract_arg(s.arg_set_id, 'args.event.trigger')""",
}


def check_perfetto(truth, trace, path, folder):
    """Perfetto's importer takes all of it."""
    script = str(pathlib.Path(__file__).parent / "perfetto.js")
    done = subprocess.run(["node", script, folder, path, *QUERIES.values()], check=True,
                          stdout=subprocess.PIPE)
    lines = done.stdout.decode().splitlines()
    rows = {name: json.loads(line) for name, line in zip(QUERIES, lines)}
    equal(rows["lost"], [], "what Perfetto could not take")
    equal(rows["spans"], [[len(trace.spans) + len(trace.moments)]], "Perfetto's spans")
    equal(sorted(name for name, in rows["tracks"]), sorted(trace.tracks.values()), "its tracks")
    arrows = [[start[2].event["name"], trace.arrows["f"][ident][2].event["name"]]
              for ident, start in trace.arrows["s"].items()]
    equal(sorted(rows["arrows"]), sorted(arrows), "its arrows")
    goid, _ = slow_ones(truth, "server GET /slow")[0]
    equal([goid, "server_request GET /slow", 200, "sleep"] in rows["slow"], True, "its nesting")


def check_stuck(truth, trace):
    """The slow request and its sleep reach to the end; the others are over."""
    goid, _ = slow_ones(truth, "server GET /slow")[0]
    equal(len(requests(trace)), truth["n"] - 1, "finished requests")
    stuck = [s for s in trace.named("server_request GET /slow")]
    equal([about(s).get("unfinished") for s in stuck], [True], "unfinished requests")
    equal(stuck[0].event["tid"], goid, "its track")
    end = max(s.end for s in trace.spans)
    equal(end - stuck[0].end < 1000 and 0.1e9 < end - stuck[0].start < 1.9e9, True, "its time")
    sleep = [s for s in trace.named("sleep") if s.event["tid"] == goid][-1]
    equal([about(sleep).get("unfinished"), end - sleep.end < 1000], [True, True], "its sleep")


def main():
    what, truth = sys.argv[1], json.load(open(sys.argv[2]))
    if what == "perfetto":
        check_perfetto(truth, Trace(sys.argv[3]), *sys.argv[3:])
        return
    traces = [Trace(path) for path in sys.argv[3:]]
    if what == "whole":
        requests(traces[0])
        check_whole(truth, traces[0])
        check_goroutines(truth, traces[0])
    elif what == "each":
        for trace, (goid, took) in zip(traces, slow_ones(truth, "server GET /slow")):
            check_cause(trace, goid, took)
    elif what == "consistent":
        equal(len(requests(traces[0])) > 100, True, "enough requests")
    elif what == "filtered":
        equal(sorted(about(s)["goid"] for s in requests(traces[0])),
              sorted(goid for goid, _ in slow_ones(truth, "server GET /slow")), "slow requests")
    elif what == "stuck":
        check_stuck(truth, traces[0])
    elif what == "last":
        check_last(truth, *traces, seconds=2)
    elif what == "newest":
        check_last(truth, *traces, seconds=0)


main()
