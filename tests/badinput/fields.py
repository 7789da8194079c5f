#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 1800
"""Each field of the ELF, program and section headers and of the function table's header,
changed alone: inject refuses with one line, or its result verifies and strips back."""
import os
import random
import sys

sys.dont_write_bytecode = True
import check  # noqa: E402
import mutate  # noqa: E402


def words(elf):
    start = elf.pclntab()
    return [(f"pclntab+{off:#x}", start + off, 8) for off in range(0, 72, 8)] + [
        (f"pclntab+{off:#x}", start + off, 1) for off in range(8)]


def main():
    tmp = os.environ.get("TEST_TMP") or check.scratch()
    program = check.build(tmp, "program", "-ldflags=-s -w")
    with open(program, "rb") as file:
        whole = file.read()
    elf = mutate.Elf(whole)
    rng = random.Random(7)
    groups = {"header fields": elf.header_fields(), "function table words": words(elf)}
    bad = 0
    for group, fields in groups.items():
        tally = check.Tally()
        for label, off, width in fields:
            tries = elf.values(off, width, rng)
            for value in tries if group != "header fields" else rng.sample(tries, 4):
                changed = mutate.Elf(whole)
                changed.put(off, width, value)
                tally.sound(tmp, f"{label}={value:#x}", changed.data)
        bad += tally.report(group)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
