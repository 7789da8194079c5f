#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One bit of an injected file changed, anywhere: verify notices each time."""
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
import check  # noqa: E402
import mutate  # noqa: E402


def main():
    tmp = os.environ.get("TEST_TMP") or check.scratch()
    plain = check.build(tmp, "program")
    injected, changed = plain + ".injected", plain + ".changed"
    subprocess.run([check.PROBES, "inject", "-o", injected, plain], check=True)
    with open(injected, "rb") as file:
        whole = file.read()
    elf = mutate.Elf(whole)
    areas = {"ELF and program headers": (0, elf.phoff + 56 * elf.phnum),
             "original bytes": (4096, os.path.getsize(plain) - 4096),
             "new section headers": (elf.shoff, 64 * elf.shnum)}
    for name in (".goprobes.text", ".note.stapsdt", ".note.goprobes", ".symtab", ".strtab"):
        areas[name] = elf.section(name)
    rng = random.Random(11)
    bad = 0
    for name, (start, size) in areas.items():
        missed = []
        for off in rng.sample(range(start, start + size), min(50, size)):
            data = bytearray(whole)
            data[off] ^= 1 << rng.randrange(8)
            with open(changed, "wb") as file:
                file.write(data)
            done = subprocess.run([check.PROBES, "verify", changed], capture_output=True,
                                  env=check.ENV, check=False)
            if done.returncode != 1 or done.stderr.count(b"\n") != 1:
                missed.append(hex(off))
        print(f"{'not ok' if missed else 'ok'} - {name}: verify misses {len(missed)} of 50 "
              f"changed bits {' '.join(missed[:5])}", flush=True)
        bad += len(missed)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
