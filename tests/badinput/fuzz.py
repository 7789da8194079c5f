#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 2400
"""2000 seeded single-field corruptions of Go programs, untouched and injected, through inject
(with each of its modes), list, verify and strip: never a signal, a hang or a sanitizer report."""
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
import check  # noqa: E402
import mutate  # noqa: E402

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "2000"))
MODES = ([], ["--mode", "note"], ["--every-function"], ["--json"])
SEED = int(os.environ.get("FUZZ_SEED", "1"))


def corrupt(whole, rng):
    """(what was done, bytes): one field, or one stretch of noise in the notes."""
    elf = mutate.Elf(whole)
    kind = rng.random()
    if kind < 0.45:
        fields = elf.header_fields()
    elif kind < 0.9:
        fields = elf.table_fields()
    else:
        kinds = (".note", ".go", ".data", ".text")
        name = rng.choice([n for n in elf.names if n.startswith(kinds) and elf.section(n)[1]])
        start, size = elf.section(name)
        off, length = start + rng.randrange(size), rng.randrange(1, 64)
        elf.data[off:off + length] = rng.randbytes(length)
        return f"noise {name} {off:#x}+{length}", elf.data[:len(whole)]
    label, off, width = rng.choice(fields)
    value = rng.choice(elf.values(off, width, rng))
    elf.put(off, width, value)
    return f"{label}={value:#x}", elf.data[:len(whole)]


def main():
    tmp = os.environ.get("TEST_TMP") or check.scratch()
    inputs = []
    builds = {"stripped": ["-ldflags=-s -w"], "full": [],
              "pie": ["-buildmode=pie", "-ldflags=-s -w -linkmode=external"]}
    for name, flags in builds.items():
        plain = check.build(tmp, name, *flags)
        subprocess.run([check.PROBES, "inject", "-o", plain + ".injected", plain], check=True,
                       stdout=subprocess.DEVNULL)
        for path in (plain, plain + ".injected"):
            with open(path, "rb") as file:
                inputs.append((os.path.basename(path), file.read()))
    bad = 0
    tallies = {name: check.Tally() for name, _ in inputs}
    for i in range(ROUNDS):
        rng = random.Random(SEED * 1000003 + i)
        name, whole = inputs[i % len(inputs)]
        what, data = corrupt(whole, rng)
        if name.endswith(".injected") and rng.random() < 0.7:
            elf = mutate.Elf(whole)
            elf.data = bytearray(data)
            mutate.reseal(elf, whole)
            what, data = what + " resealed", elf.data
        mode = rng.choice(MODES)
        tallies[name].survives(tmp, f"round {i}, {' '.join(mode)} {what}", data, mode)
    for name, tally in tallies.items():
        bad += tally.report(f"corruptions of {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
