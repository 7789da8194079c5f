# SPDX-License-Identifier: MIT
"""What the tests of the libbpf and bcc tools share: the load driver, tools that watch it, and
the truth that it writes. See tests/fixtures/load for what its modes do."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ["ROOT"])
TMP = pathlib.Path(os.environ["TEST_TMP"])
PROBES = os.environ["PROBES"]
OUT = pathlib.Path(PROBES).resolve().parent / "bpf-scripts"
os.environ["PATH"] += ":/usr/local/go/bin:/usr/sbin:/sbin"

failures = []


def skip(reason):
    """The test does not apply here."""
    print(f"SKIP: {reason}")
    sys.exit(77)


def check(condition, what, *details):
    """Notes one result."""
    print(("ok - " if condition else "not ok - ") + what, *([] if condition else details))
    if not condition:
        failures.append(what)


def equal(got, want, what):
    """Notes one result: equal, or both are shown."""
    check(got == want, what, f": got {got}, and the program did {want}")


def finish():
    """Ends the test with what was noted."""
    sys.exit(1 if failures else 0)


def need():
    """Skips where nothing can be traced."""
    if os.geteuid() != 0:
        skip("tracing needs root")
    if not os.path.exists("/sys/bus/event_source/devices/uprobe"):
        skip("this kernel has no uprobes")
    if not shutil.which("go"):
        skip("go is not installed (make deps)")


def wait(seconds, condition, what):
    """Until condition() holds; the test fails when time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            print(f"not ok - after {seconds} s still waiting: {what}")
            sys.exit(1)
        time.sleep(0.02)


def build(fixture="load", *flags):
    """A fixture, the driver, with and without probes; returns the path of the former."""
    plain, app = TMP / (fixture + ".plain"), TMP / fixture
    folder = ROOT / "tests/fixtures" / fixture
    packages = ["."] if (folder / "go.mod").exists() else sorted(folder.glob("*.go"))
    env = dict(os.environ, GOFLAGS="", GOTOOLCHAIN="local", GOWORK="off")
    subprocess.run(["go", "build", "-buildvcs=false", *flags, "-o", plain, *packages],
                   check=True, env=env, cwd=folder)
    subprocess.run([PROBES, "inject", "-o", app, plain], check=True, stderr=subprocess.DEVNULL)
    return app


class Driver:
    """One run of the load driver, which waits until work() is called."""

    def __init__(self, app, modes, n, *options):
        self.truth_file, log = TMP / "truth.json", TMP / "load.log"
        self.process = subprocess.Popen(
            [app, "-mode", modes, "-n", str(n), "-truth", self.truth_file, "-hold", *options],
            stdin=subprocess.PIPE, stdout=open(log, "w"), stderr=subprocess.STDOUT)
        self.log = log
        wait(20, lambda: f"ready {self.process.pid}" in log.read_text(), "the driver")
        self.pid = self.process.pid

    def work(self, seconds=60):
        """Has it do its work; returns the truth by mode."""
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()
        wait(seconds, lambda: "done" in self.log.read_text() or self.process.poll() is not None,
             "the driver's work: " + self.log.read_text()[-300:])
        return json.loads(self.truth_file.read_text())["modes"]

    def end(self):
        """Lets it end."""
        self.process.stdin.close()
        self.process.wait(20)


class Tool:
    """A tool that watches; its lines once it has ended."""

    tools = 0

    def __init__(self, command, ready="Ctrl-C"):
        Tool.tools += 1
        self.name = os.path.basename(str(command[0]))
        self.out = TMP / f"{self.name}.{Tool.tools}.out"
        self.err = self.out.with_suffix(".err")
        self.ready = ready
        self.process = subprocess.Popen([str(word) for word in command],
                                        stdin=subprocess.DEVNULL, stdout=open(self.out, "w"),
                                        stderr=open(self.err, "w"))

    def attached(self):
        """Waits until it watches."""
        wait(120, lambda: self.ready in self.err.read_text() or
             self.process.poll() is not None, f"{self.name} attaches")
        if self.process.poll() is not None:
            print(f"not ok - {self.name} ended:", self.err.read_text()[-800:])
            sys.exit(1)

    def stop(self, number=signal.SIGINT):
        """Ends it as Ctrl-C would."""
        begin = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.took = time.monotonic() - begin
        self.text, self.messages = self.out.read_text(), self.err.read_text()
        self.lines = self.text.splitlines()
        check(code == 0, f"{self.name}: ends with 0", f": {code}, {self.messages[-500:]}")

    def rows(self, *columns):
        """Lines as tuples: from each, the groups of the first regular expression that fits.
        The line above them, with the columns' names, fits none."""
        found = []
        for line in self.lines:
            for column in columns:
                match = re.fullmatch(column, line)
                if match:
                    found.append(match.groups())
                    break
        return found

    def summary(self):
        """What the tool says at its end: {"seen": 100, "shown": 100, "lost": 0}."""
        last = self.messages.splitlines()[-1]
        return {word: int(n) for n, word in re.findall(r"(\d+) (seen|shown|lost|had|left)", last)}


def clean(tool, seen=None, shown=None):
    """Nothing lost, nothing unmatched; and it ended at once."""
    said = tool.summary()
    check(said.get("lost", 0) == 0 and "had" not in said and "left" not in said,
          f"{tool.name}: loses nothing", tool.messages)
    check(tool.took < 5, f"{tool.name}: ends within 5 s of a signal", f": {tool.took:.1f} s")
    if seen is not None:
        equal(said["seen"], seen, f"{tool.name}: saw each one")
    if shown is not None:
        equal(said["shown"], shown, f"{tool.name}: shows those asked for")


def sums(pairs):
    """Counts equal things."""
    total = {}
    for key in pairs:
        total[key] = total.get(key, 0) + 1
    return total


def alike(row, event, slack_ms=100):
    """Whether (goid, ms) is an event of the truth: the same goroutine, and times that agree. A
    tool and the program do not look at quite the same moments, and the machine is busy."""
    return row[0] == event[0] and row[1] > 15 and abs(row[1] - event[1]) < slack_ms


def slow_matches(rows, events, what):
    """Rows (goid, ms) are the events of the truth, which took 30 ms and more."""
    got = sorted((int(goid), float(ms)) for goid, ms in rows)
    want = sorted((event["goid"], event["ns"] / 1e6) for event in events)
    check(got and len(got) == len(want) and all(map(alike, got, want)), what,
          f": got {got}, and the program measured {want}")


def slow_within(rows, events, what):
    """The events of the truth are among the rows: others may be slow by chance."""
    got = sorted((int(goid), float(ms)) for goid, ms in rows)
    want = sorted((event["goid"], event["ns"] / 1e6) for event in events)
    check(want and all(any(alike(row, event, 10) for row in got) for event in want), what,
          f": got {got}, and the program measured {want}")
