#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Waits until a tracer has put its breakpoint on every site: armed.py LIST PID SECONDS.

LIST is the output of `probes list --json`. A program that is not position-independent.
"""
import json
import sys
import time


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        listed = json.load(source)["files"][0]["probes"]
    left = [int(site["address"], 16) for probe in listed for site in probe["sites"]]
    end = time.monotonic() + float(sys.argv[3])
    with open(f"/proc/{sys.argv[2]}/mem", "rb", buffering=0) as memory:
        while left and time.monotonic() < end:
            memory.seek(left[-1])
            if memory.read(1) == b"\xcc":
                left.pop()
            else:
                time.sleep(0.1)
    sys.exit(1 if left else 0)


main()
