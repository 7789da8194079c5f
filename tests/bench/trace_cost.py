# SPDX-License-Identifier: MIT
"""The part `trace` of tests/bench/run: what tracing costs the tracer and the traced program.

The program calls one function at a given rate. Each tool takes every call (with its two
arguments) or counts calls; all of them take turns within one run. A tool's lines go to a file
in memory and are counted, so that what is lost is known for sure.
"""
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROBES = os.environ.get("PROBES", str(ROOT / "build/probes"))
RATES = (1_000, 10_000, 100_000)
STEPS = (200_000, 300_000, 400_000, 500_000, 600_000, 800_000)
TURNS, MILLISECONDS = 3, 2000
PRINTING = "usdt:{file}:bench:handle_start {{ printf(\"e %d %d %s\\n\", arg0, arg1, " \
           "str(arg2, arg3)); }}"
COUNTING = "usdt:{file}:bench:handle_start {{ @ = count(); }}"
START, BOTH = ["bench:handle_start"], ["bench:handle_start", "bench:handle_end"]


def lines_of(path, mark):
    """How many lines of a file hold a mark."""
    with open(path, "rb") as file:
        return sum(mark in line for line in file)


class Tool:
    """One tracer: how it is called, how its events are counted."""

    def __init__(self, name, command, mark=None, total=None):
        self.name, self.command = name, command
        self.mark = mark    # each line with it is an event ...
        self.total = total  # ... or this pattern of the output says how many

    def seen(self, out, err):
        if self.mark:
            return lines_of(out, self.mark)
        text = pathlib.Path(err).read_text(errors="replace") + \
            pathlib.Path(out).read_text(errors="replace")
        found = re.findall(self.total, text)
        if not found:
            sys.exit(f"bench: {self.name} does not say how many events it saw: {text[-300:]}")
        return int(found[-1])


def tools_for(program, scratch):
    """The tools that are there; the first bpftrace is what others are compared with."""
    described = subprocess.run([PROBES, "--help"], capture_output=True, text=True,
                               check=True).stdout
    commands = set(re.findall(r"^  ([a-z]+) ", described, re.M))
    tools, total = [], r"probes: (\d+) events"
    if "trace" in commands:
        trace = [PROBES, "trace"]
        tools += [Tool("probes trace", [*trace, program, *START], b" bench:handle_start "),
                  Tool("probes trace --json", [*trace, "--json", program, *START], b"{"),
                  Tool("probes trace --spans", [*trace, "--spans", program, *BOTH],
                       b" bench:handle ")]
    if "record" in commands:
        tools.append(Tool("probes record", [PROBES, "record", "-o", f"{scratch}/recorded",
                                            program, *START], total=total))
    if "top" in commands:
        tools.append(Tool("probes top", [PROBES, "top", program, *START], total=total))
    if shutil.which("bpftrace"):
        tools += [Tool("bpftrace, printf", ["bpftrace", "-e", PRINTING.format(file=program)],
                       b"e "),
                  Tool("bpftrace, count()", ["bpftrace", "-e", COUNTING.format(file=program)],
                       total=r"@: (\d+)")]
    return tools


def waiting(pid):
    """Whether a process waits for events (epoll_wait, call 232 of amd64)."""
    try:
        return pathlib.Path(f"/proc/{pid}/syscall").read_text().startswith("232 ")
    except OSError:
        return False


def processor(pid):
    """Seconds of processor time that all threads of a process have used."""
    spent = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def memory(pid):
    """Peak resident MiB of a process, and MiB of its BPF maps and programs."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
    maps = {}
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = info.read_text()
        except OSError:
            continue
        held = re.search(r"^memlock:\s+(\d+)", text, re.M)
        name = re.search(r"^(map_id|prog_id):\s+\d+", text, re.M)
        if held and name:
            maps[name.group(0)] = int(held.group(1))
    return peak, sum(maps.values()) / 2**20


class Tracer:
    """A running tool."""

    def __init__(self, tool, scratch):
        self.tool = tool
        self.out, self.err = f"{scratch}/out", f"{scratch}/err"
        env = dict(os.environ, BPFTRACE_STRLEN="64", TERM="dumb")
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(tool.command, stdout=out, stderr=err, env=env,
                                            stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        deadline = time.monotonic() + 30
        while not self.attached():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"bench: {' '.join(tool.command)}: does not attach: "
                         f"{pathlib.Path(self.err).read_text()}")
            time.sleep(0.02)

    def attached(self):
        text = pathlib.Path(self.out).read_bytes()[:200] + pathlib.Path(self.err).read_bytes()
        return re.search(b"[Aa]ttach", text) and waiting(self.pid)

    def drained(self):
        """Waits until what is in the buffers was read: no growth, and it waits for events."""
        before, quiet, deadline = -1, 0, time.monotonic() + 30
        while quiet < 5 and time.monotonic() < deadline:
            size = os.path.getsize(self.out)
            quiet = quiet + 1 if size == before and waiting(self.pid) else 0
            before = size
            time.sleep(0.05)

    def stop(self):
        for _ in range(3):
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
                return
            except subprocess.TimeoutExpired:
                pass
        self.process.kill()
        self.process.wait()


def pace(program, goroutines, rate):
    """Runs the program: calls made, calls a second, processors it used."""
    out = subprocess.run([program, str(goroutines), str(rate), str(MILLISECONDS)], check=True,
                         capture_output=True, text=True).stdout.split()
    calls, spent, used = int(out[0]), float(out[1]), float(out[2])
    return calls, calls / spent, used / spent, spent


def measure(tool, program, scratch, goroutines, rate):
    """One turn of one tool."""
    if tool is None:
        _, reached, used, _ = pace(program, goroutines, rate)
        return {"rate": reached, "target": used}
    tracer = Tracer(tool, scratch)
    before = processor(tracer.pid)
    calls, reached, used, spent = pace(program, goroutines, rate)
    tracer.drained()
    own = processor(tracer.pid) - before
    peak, maps = memory(tracer.pid)
    tracer.stop()
    seen = tool.seen(tracer.out, tracer.err)
    return {"rate": reached, "target": used, "tracer": own / spent, "peak": peak, "maps": maps,
            "lost": calls - seen, "calls": calls, "each": own / calls * 1e6}


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def times(value, base):
    return f"x {value / base:.2f}" if base > 0 else ""


def print_rate(rate, tools, rows):
    """A line per tool: medians, and ratios to bpftrace's printing."""
    idle = median(rows[None], "target")
    pair = next((t for t in tools if t.name == "bpftrace, printf"), None)
    base = {"tracer": median(rows[pair], "tracer"), "target": median(rows[pair], "target") - idle} \
        if pair else {"tracer": 0, "target": 0}
    print(f"\n{rate} calls a second, processors used; medians of {TURNS} turns of "
          f"{MILLISECONDS / 1000:g} s")
    print(f"  {'':<22}{'tracer':>9}{'':>8}{'target':>9}{'added':>8}{'':>8}{'lost':>9}"
          f"{'peak MiB':>10}{'maps MiB':>10}")
    print(f"  {'nobody':<22}{'':>9}{'':>8}{idle:>9.4f}")
    for tool in tools:
        tracer, target = median(rows[tool], "tracer"), median(rows[tool], "target")
        print(f"  {tool.name:<22}{tracer:>9.4f}{times(tracer, base['tracer']):>8}{target:>9.4f}"
              f"{target - idle:>8.4f}{times(target - idle, base['target']):>8}"
              f"{sum(row['lost'] for row in rows[tool]):>9}{median(rows[tool], 'peak'):>10.1f}"
              f"{median(rows[tool], 'maps'):>10.1f}", flush=True)


def bench_rates(tools, program, scratch):
    for rate in RATES:
        rows = {tool: [] for tool in [None, *tools]}
        for _ in range(TURNS):
            for tool, row in rows.items():
                row.append(measure(tool, program, scratch, 1, rate))
        print_rate(rate, tools, rows)


def bench_highest(tools, program, scratch):
    """Rates one after the other until events are lost or the program makes no more calls;
    then as many calls as can be made."""
    print(f"\nhighest rate, turns of {MILLISECONDS / 1000:g} s")
    print(f"  {'':<22}{'kept all at':>12}{'one goroutine at full speed':>34}"
          f"{'two goroutines':>34}")
    for tool in tools:
        best = 0
        for rate in STEPS:  # a second try, for what else this machine may do
            rows = [measure(tool, program, scratch, 1, rate) for _ in range(2)]
            whole = [row["rate"] for row in rows if not row["lost"]]
            best = max([best, *whole])
            if not whole or max(whole) < 0.97 * rate:
                break
        full = [measure(tool, program, scratch, n, 0) for n in (1, 2)]
        text = "".join(f"{row['rate']:>14.0f}/s, lost {100 * row['lost'] / row['calls']:>5.1f} %"
                       f"{'':>6}" for row in full)
        print(f"  {tool.name:<22}{best:>10.0f}/s  {text}", flush=True)


def bench(scratch, go_build, run):
    """Everything; `go_build` and `run` are those of tests/bench/run."""
    if os.geteuid() != 0:
        print("\ntrace: needs root")
        return
    plain, program = str(scratch / "pace"), str(scratch / "pace.probed")
    go_build(ROOT / "tests/bench/pace", plain)
    run(PROBES, "inject", "-d", str(ROOT / "tests/bench/pace.yaml"), "-p", "bench:*", "-o",
        program, plain)
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="probes-bench.") as folder:
        tools = tools_for(program, folder)
        bench_rates(tools, program, folder)
        bench_highest(tools, program, folder)
