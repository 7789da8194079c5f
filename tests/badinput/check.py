# SPDX-License-Identifier: MIT
"""What must hold for any input: no signal, no hang, no sanitizer report, one-line messages,
no changed input, and every file that inject makes verifies and strips back."""
import collections
import os
import re
import subprocess
import tempfile

ROOT = os.environ.get("ROOT") or os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
PROBES = os.environ.get("PROBES") or os.path.join(ROOT, "build/probes")
ENV = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="halt_on_error=1:exitcode=99")
REPORT = re.compile(rb"Sanitizer|runtime error:")
SOURCE = """package main

import "fmt"

func main() {
	done := make(chan string)
	go func() { done <- "hello" }()
	fmt.Println(<-done)
}
"""


def scratch():
    return tempfile.mkdtemp(prefix="probes-test.")


def build(tmp, name, *flags):
    """Builds a small Go program in tmp and returns its path."""
    source = os.path.join(tmp, name + ".go")
    with open(source, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    out = os.path.join(tmp, name)
    subprocess.run(["go", "build", "-buildvcs=false", *flags, "-o", out, source], check=True,
                   env=dict(os.environ, GOFLAGS="", GOTOOLCHAIN="local"))
    return out


class Tally:
    """Counts outcomes of inject and keeps what went wrong."""

    def __init__(self):
        self.codes = collections.Counter()
        self.faults = []

    def run(self, what, *args):
        """Exit code of `probes ARGS`; records a fault when it dies instead of answering."""
        command = " ".join(args[:1])
        try:
            done = subprocess.run([PROBES, *args], env=ENV, capture_output=True, timeout=60,
                                  check=False)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{what}: {command} hangs")
            return 124
        if done.returncode not in (0, 1, 3) or REPORT.search(done.stderr):
            text = done.stderr.decode(errors="replace").strip().splitlines()[:12]
            self.faults.append(f"{what}: {command} exit {done.returncode}: " + "\n  ".join(text))
        elif done.returncode == 1 and done.stderr.count(b"\n") != 1:
            self.faults.append(f"{what}: {command} says {done.stderr.count(10)} lines: "
                               + done.stderr.decode(errors="replace"))
        return done.returncode

    def sound(self, tmp, what, data):
        """inject -o of `data` is refused, or verifies and strips back to `data`."""
        path, out = os.path.join(tmp, "input"), os.path.join(tmp, "output")
        with open(path, "wb") as file:
            file.write(data)
        if os.path.exists(out):
            os.unlink(out)
        code = self.run(what, "inject", "-o", out, path)
        self.codes[code] += 1
        if code != 0:
            if os.path.exists(out):
                self.faults.append(f"{what}: exit {code}, but {out} is there")
            return
        if self.run(what, "verify", out) != 0:
            self.faults.append(f"{what}: what inject made does not verify")
        if self.run(what, "strip", out) != 0 or open(out, "rb").read() != data:
            self.faults.append(f"{what}: strip does not give the input back")

    def survives(self, tmp, what, data, mode):
        """All four commands answer, and those that only read change nothing."""
        path, out = os.path.join(tmp, "input"), os.path.join(tmp, "output")
        with open(path, "wb") as file:
            file.write(data)
        self.codes[self.run(what, "inject", *mode, "-o", out, path)] += 1
        for args in (("list", path), ("verify", path), ("strip", "-o", out, path)):
            self.run(what, *args)
        if open(path, "rb").read() != data:
            self.faults.append(f"{what}: the input changed")

    def report(self, name):
        """Prints the result line; returns the number of faults."""
        total = sum(self.codes.values())
        codes = ", ".join(f"{count} exit {code}" for code, count in sorted(self.codes.items()))
        print(f"{'not ok' if self.faults else 'ok'} - {total} {name}: inject {codes}, "
              f"{len(self.faults)} faults", flush=True)
        for fault in self.faults[:10]:
            print("  " + fault, flush=True)
        return len(self.faults)
