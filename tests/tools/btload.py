# SPDX-License-Identifier: MIT
"""Runs tools of bpf-scripts/ against the load driver: helpers of the tests in this folder."""
import atexit
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))
PROBES = os.environ.get("PROBES", str(ROOT / "build/probes"))
SCRIPTS = ROOT / "bpf-scripts"
TMP = pathlib.Path(os.environ.get("TEST_TMP", "/tmp"))
LIMIT = 120  # seconds for anything to happen


def die(text):
    sys.exit(f"FAIL: {text}")


def build(name="load", *flags):
    """The driver with its probes; path of the file."""
    plain, probed = TMP / f"{name}.plain", TMP / name
    env = dict(os.environ, GOFLAGS="", GOTOOLCHAIN=os.environ.get("GOTOOLCHAIN", "local"),
               GOWORK="off", PATH=os.environ["PATH"] + ":/usr/local/go/bin")
    subprocess.run(["go", "build", "-buildvcs=false", *flags, "-o", plain, "."], check=True,
                   cwd=ROOT / "tests/fixtures/load", env=env)
    subprocess.run([PROBES, "inject", "-o", probed, plain], check=True,
                   stderr=subprocess.DEVNULL)
    return probed


def until(what, condition):
    """Waits until condition() is true."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            die(f"{what}: not after {LIMIT} s")
        time.sleep(0.02)


class Tool:
    """One running tool of bpf-scripts/."""

    def __init__(self, name, *words):
        self.name, self.log = name, TMP / f"{name}.out"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([SCRIPTS / f"{name}.bt", *map(str, words)], stdout=out,
                                            stderr=subprocess.STDOUT, cwd=TMP)
        atexit.register(self.abandon)

    def abandon(self):
        if self.process.poll() is None:
            self.process.kill()

    def polls(self):
        """It waits for events in epoll_wait, call 232 of amd64: attached, nothing to read."""
        try:
            call = pathlib.Path(f"/proc/{self.process.pid}/syscall").read_text().split()[0]
        except (OSError, IndexError):
            return False
        return call == "232"

    def settled(self):
        if self.process.poll() is not None:
            die(f"{self.name} ended: {self.output()}")
        return b"Attaching" in self.log.read_bytes() and self.polls()

    def drained(self):
        """A bpftrace that still reads is not seen waiting ten times in a row."""
        for _ in range(10):
            if self.process.poll() is None and not self.polls():
                return False
            time.sleep(0.01)
        return True

    def output(self):
        text = self.log.read_text(errors="replace")
        return "".join(line for line in text.splitlines(True) if "RLIMIT_MEMLOCK" not in line)

    def interrupt(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def stop(self):
        """Ends it; an interrupt that comes at a bad moment is lost on bpftrace."""
        for _ in range(4):
            try:
                self.process.wait(30)
                break
            except subprocess.TimeoutExpired:
                self.interrupt()
        else:
            self.process.kill()
            die(f"{self.name} does not end")
        text = self.output()
        lost = re.search(r"^Lost \d+ events.*", text, re.M)
        if lost or self.process.returncode:
            die(f"{self.name}: status {self.process.returncode}: {lost or text}")
        return text


def run(binary, mode, n, tools, *flags):
    """One run of the driver under tools, a list of (name, argument...): the truth, with
    "threads" that were made meanwhile, and the output of each tool by its name."""
    truth = TMP / "truth.json"
    with subprocess.Popen([binary, "-mode", mode, "-n", str(n), "-truth", truth, "-hold", *flags],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        pid = int(driver.stdout.readline().split()[1])
        running = [Tool(name, binary, *words) for name, *words in tools]
        for tool in running:
            until(f"{tool.name} attaches", tool.settled)
        threads = len(os.listdir(f"/proc/{pid}/task"))
        driver.stdin.write("go\n")
        driver.stdin.flush()
        if driver.stdout.readline() != "done\n":
            die(f"the driver did not work: {mode}")
        threads = len(os.listdir(f"/proc/{pid}/task")) - threads
        for tool in running:
            until(f"{tool.name} reads", tool.drained)
        time.sleep(1.2)  # tools that print every second
        for tool in running:
            tool.interrupt()
        output = {tool.name: tool.stop() for tool in running}
        driver.stdin.write("end\n")
        driver.stdin.flush()
        driver.wait(LIMIT)
    done = json.loads(truth.read_text(encoding="utf-8"))
    assert done["pid"] == pid
    done["threads"] = threads
    for name, tally in done["modes"].items():
        tally["events"] = tally["events"] or []
    return done, output


def table(text):
    """The lines of a tool that begin with a time, in columns; a header names them."""
    lines = text.splitlines()
    return [line.split() for line in lines if re.match(r"\d\d:\d\d:\d\d .", line)]


def maps(text, name):
    """Key -> value of the map's lines "@name[key]: value", of all times it was printed."""
    found = {}
    for key, value in re.findall(rf"^@{name}\[(.*)\]: (-?\d+)$", text, re.M):
        found[key] = found.get(key, 0) + int(value)
    return found


def scalar(text, name):
    """The last value of a map without a key; 0 when it was never printed."""
    values = re.findall(rf"^@{name}: (-?\d+)$", text, re.M)
    return int(values[-1]) if values else 0


UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def histogram(text, name, key=None):
    """[(low, high, count)] of all histograms of the map (with this key) that were printed."""
    head = re.escape(f"@{name}[{key}]") if key is not None else re.escape(f"@{name}")
    rows = []
    for block in re.findall(rf"^{head}: ?\n((?:[\[(].*\n)+)", text, re.M):
        for row in re.findall(r"^[\[(](-?\w+)(?:, (\w+))?[\]).]* +(\d+) ", block, re.M):
            low, high = (number(row[0]), number(row[1] or row[0]))
            rows.append((low, high if row[1] else low + 1, int(row[2])))
    return rows


def number(text):
    digits = text.rstrip("KMG")
    return int(digits) * UNITS[text[len(digits):]]


def total(rows):
    return sum(count for _, _, count in rows)


def statistics(text, name):
    """Key -> (count, average, total) of the map's lines of stats()."""
    return {key: tuple(map(int, numbers)) for key, *numbers in re.findall(
        rf"^@{name}\[(.*)\]: count (\d+), average (\d+), total (\d+)$", text, re.M)}


def keyed(values, *parts):
    """The sum of a map's values whose key has all the parts."""
    return sum(value for key, value in values.items() if all(part in key for part in parts))


class Checks:
    """Results, one line each; ends with the exit code."""

    def __init__(self):
        self.failed = False

    def that(self, what, good, *context):
        print(("ok - " if good else "not ok - ") + what + ("" if good else f": {context}"),
              flush=True)
        self.failed |= not good

    def same(self, what, got, want):
        self.that(f"{what}: {want}" if len(str(want)) < 60 else what, got == want, got, want)

    def near(self, what, got, want, part=0.2, slack=0):
        """got is within a part of want, and an absolute slack."""
        self.that(what, abs(got - want) <= want * part + slack, got, want)

    def end(self):
        sys.exit(self.failed)
