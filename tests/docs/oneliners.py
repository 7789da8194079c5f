#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the one-liners of docs/one-liners.md against the load driver: oneliners.py BPFTRACE APP

Each section of the page is one run of bpftrace, all of them at once; the maps and lines of its
one-liners get their number in front, so that they do not meet. (bpftrace 0.17 mixes up blocks
with several probes that other blocks have too: such scripts have a run of their own.) What
comes of each one-liner is judged by expected.py. BPFTRACE 0.23 and later get what
the page says they need. Where a dozen bpftraces of 0.17 attach at a time, one of their probes
sometimes never fires for it, though it does for others: what heard nothing is tried once more.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import expected

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODES = "http,sql,dial,dns,tls,gc,allocs,panics,execs,files,logs,cancels,json,goroutines," \
        "locks,chans,sleeps"
LOAD = ["-n", "100", "-slow", "60ms", "-mode", MODES, "-hold"]
WAITING = ("232 ", "281 ", "7 ", "271 ")  # epoll_wait, epoll_pwait, poll, ppoll of amd64
SECONDS = 100


def read_page():
    """[[(number, question, script), ...] for each section]"""
    page, sections = (ROOT / "docs/one-liners.md").read_text(encoding="utf-8"), []
    for section in page.split("\n## ")[1:]:
        found = re.findall(r"^\*\*(\d+)\. (.*?)\*\*.*?```\nbpftrace -e '(.*?)'\n```", section,
                           re.M | re.S)
        if len(found) != section.count("bpftrace -e"):
            raise SystemExit(f"not all of the section {section.splitlines()[0]} can be read")
        sections.append([(int(number), *rest) for number, *rest in found])
    return sections


def runs(sections):
    """What goes together: sections, less the scripts with several probes to a block."""
    alone = [entry for section in sections for entry in section
             if re.search(r"usdt:[^ ]*(,|\*)", entry[2])]
    return [[entry for entry in section if entry not in alone] for section in sections] + \
        [[entry] for entry in alone]


def joined(section, version):
    """The section's one-liners as one script."""
    script = ""
    for number, _, text in section:
        text = re.sub(r"@(\w*)", rf"@k{number}_\1", text)
        text = text.replace('printf("', f'printf("k{number}|')
        if version >= (0, 23):
            text = re.sub(r"str\((arg[0-9]+), (arg[0-9]+)\)", r"str(\1, \2 + 1)", text)
        script += text + "\n"
    return script


def added(pairs):
    """A JSON object; stacks that read the same, which bpftrace keeps apart, are one."""
    found = {}
    for key, value in pairs:
        found[key] = found[key] + value if key in found else value
    return found


def polling(process):
    """Whether it waits for events just now."""
    with open(f"/proc/{process.pid}/syscall", encoding="utf-8") as call:
        return call.read().startswith(WAITING)


class Tracer:
    """One bpftrace."""

    def __init__(self, bpftrace, name, script):
        self.out, self.log = f"{name}.json", f"{name}.log"
        pathlib.Path(self.out).unlink(missing_ok=True)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([bpftrace, "-f", "json", "-o", self.out, "-e", script],
                                            stdout=log, stderr=log)

    def waits(self):
        """It is attached, or has read what there was: it waits for events."""
        if self.process.poll() is not None:
            raise SystemExit(f"bpftrace: {pathlib.Path(self.log).read_text()[-600:]}")
        return polling(self.process) and os.path.exists(self.out) and \
            "attached_probes" in pathlib.Path(self.out).read_text(errors="replace")

    def results(self):
        """{number: {"maps": {name: value}, "lines": [text]}}"""
        found = {}
        with open(self.out, encoding="utf-8", errors="replace") as out:
            records = [json.loads(line, object_pairs_hook=added) for line in out
                       if line.strip().startswith("{")]
        for record in records:
            if record["type"] == "printf":
                number, _, text = record["data"].partition("|")
                found.setdefault(int(number[1:]), {"maps": {}, "lines": []})["lines"].append(text)
            elif record["type"] in ("map", "hist", "stats"):
                for name, value in record["data"].items():
                    number, name = re.match(r"@k(\d+)_(\w*)", name).groups()
                    found.setdefault(int(number), {"maps": {}, "lines": []})["maps"][name] = value
            elif record["type"] == "lost_events":
                raise SystemExit("events were lost")
        return found


def until(what, seconds):
    """Whether what() holds, several times in a row, before the time is over."""
    end, times = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        times = times + 1 if what() else 0
        if times == 5:
            return True
        time.sleep(0.05)
    return False


def end(tracers):
    """Interrupts them, again where an interrupt came at a bad moment and was lost."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        left = [tracer.process for tracer in tracers if tracer.process.poll() is None]
        for process in left:
            if polling(process):
                process.send_signal(2)
        if until(lambda: all([process.poll() is not None for process in left]), 3):
            return
    for tracer in tracers:
        tracer.process.kill()
        tracer.process.wait()
    raise SystemExit("bpftrace does not end")


def trace(bpftrace, version, app, sections):
    """The results of all one-liners, and the truth."""
    with subprocess.Popen([app, *LOAD, "-truth", "truth.json"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as driver:
        driver.stdout.readline()
        tracers = [Tracer(bpftrace, f"run{i}", joined(section, version))
                   for i, section in enumerate(runs(sections))]
        try:
            if not until(lambda: all([tracer.waits() for tracer in tracers]), SECONDS):
                raise SystemExit("bpftrace does not attach")
            driver.stdin.write("\n")
            driver.stdin.flush()
            if driver.stdout.readline() != "done\n":
                raise SystemExit("the driver did not get through")
            until(lambda: all([tracer.waits() for tracer in tracers]), 10)
        finally:
            end(tracers)
            driver.kill()
    results = {}
    for tracer in tracers:
        results.update(tracer.results())
    with open("truth.json", encoding="utf-8") as text:
        return results, json.load(text)


def judged(bpftrace, version, app, sections):
    """{number: what is wrong, or None}"""
    results, truth = trace(bpftrace, version, app, sections)
    nothing = {"maps": {}, "lines": []}
    return {entry[0]: expected.judge(entry[0], results.get(entry[0], nothing), truth, app)
            for section in sections for entry in section}


def main():
    bpftrace, app = sys.argv[1:]
    if not os.path.exists("app"):
        os.symlink(app, "app")
    said = subprocess.run([bpftrace, "--version"], capture_output=True, text=True, check=True)
    version = tuple(int(part) for part in re.findall(r"\d+", said.stdout)[:2])
    sections, failures = read_page(), 0
    verdicts = judged(bpftrace, version, app, sections)
    deaf = [entry for entry in sum(sections, [])
            if str(verdicts[entry[0]]).startswith(("found nothing", "KeyError"))]
    if deaf:
        print("# bpftrace heard nothing, tried again:", *(entry[0] for entry in deaf))
        verdicts.update(judged(bpftrace, version, app, [deaf]))
    for number, question, _ in sum(sections, []):
        wrong = verdicts[number]
        print(f"not ok - {number}. {question} {wrong}"[:600] if wrong else
              f"ok - {number}. {question}")
        failures += bool(wrong)
    if len(sum(sections, [])) < 40:
        raise SystemExit("the page lost its one-liners")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
