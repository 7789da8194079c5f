#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# slow (a Go program and the kernel)
# needs: bpf
"""Each command of docs/tracing.md works, and shows the probes that the page shows for it.

They run all at once, for a second each, on the load that the page describes.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ["ROOT"])
BLOCK = re.compile(r"```console\n# (probes .*?)\n(?! {4})(.*?)```", re.S)
LOAD = r"\(echo go; .*\./load .*"
PROBE = re.compile(r"\b[a-z]+(?:_[a-z]+)*:[a-z][a-z0-9_]+\b")


def skip(reason):
    print("SKIP:", reason)
    sys.exit(77)


def build():
    go = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin")
    if not go:
        skip("go is not installed (make deps)")
    env = dict(os.environ, GOFLAGS="", GOTOOLCHAIN="local", GOWORK="off")
    subprocess.run([go, "build", "-trimpath", "-buildvcs=false", "-o", os.path.abspath("load"),
                    "."], cwd=ROOT / "tests/fixtures/load", env=env, check=True)
    subprocess.run([os.environ["PROBES"], "inject", "load"], check=True, capture_output=True)


def shell(command):
    """The command for a second; which of the events come first is chance."""
    command = re.sub(r" -d \d+\b", " -d 1", command)
    command = re.sub(r"^(probes trace .*) -n \d+", r"\1 -d 1", command)
    if re.fullmatch(r"probes top load -s p99", command):
        command += " -d 1"
    return command.replace("-i 2s", "-i 1s")


def check(command, wanted, process):
    output, errors = process.communicate(timeout=60)
    missing = sorted(name for name in set(PROBE.findall(wanted)) if name not in output + errors)
    if process.returncode or missing or " 0 lost" not in errors:
        print(f"not ok - {command}: exit {process.returncode}, without {missing}")
        print(re.sub("^", "  | ", output[-1500:] + errors, flags=re.M))
        return False
    print("ok -", command.split("\n")[0])
    return True


def main():
    if os.geteuid():
        skip("tracing needs root")
    page = (ROOT / "docs/tracing.md").read_text()
    blocks = BLOCK.findall(page)
    if len(blocks) < 8:
        sys.exit(f"only {len(blocks)} commands are found in the page")
    if not shutil.which("jq"):  # which nothing else needs
        blocks = [block for block in blocks if "jq" not in block[0]]
    build()
    load = subprocess.Popen(["bash", "-c", re.search(LOAD, page)[0].replace("sleep 600", "cat")],
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            start_new_session=True)
    path = os.path.dirname(os.path.abspath(os.environ["PROBES"]))
    env = dict(os.environ, PATH=path + ":" + os.environ["PATH"], COLUMNS="80")
    try:
        running = [subprocess.Popen(["bash", "-o", "pipefail", "-c", shell(command)], env=env,
                                    text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                   for command, _ in blocks]
        results = [check(command, wanted, process)
                   for (command, wanted), process in zip(blocks, running)]
    finally:
        os.killpg(load.pid, 9)
        load.wait()
    sys.exit(not all(results))


main()
