#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damaged notes: list says one line, never crashes, never hangs."""
import os
import random
import struct
import subprocess
import sys

PROBES, TMP = os.environ["PROBES"], os.environ["TEST_TMP"]
FIELDS = b"\0" * 24
FAILURES = []


def pad(data):
    return data + b"\0" * (-len(data) % 4)


def note(desc, owner=b"stapsdt\0", kind=3, namesz=None, descsz=None):
    head = struct.pack("<III", len(owner) if namesz is None else namesz,
                       len(desc) if descsz is None else descsz, kind)
    return head + pad(owner) + pad(desc)


def elf(data, name=b".note.stapsdt"):
    """A file of an ELF header, one note section and the section names."""
    names = b"\0" + name + b"\0.shstrtab\0"
    shoff = 64 + len(data) + len(names)
    ehdr = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, shoff, 0, 64, 56, 0, 64, 3, 2)
    sections = b"\0" * 64
    sections += struct.pack("<IIQQQQIIQQ", 1, 7, 0, 0, 64, len(data), 0, 0, 4, 0)
    sections += struct.pack("<IIQQQQIIQQ", 2 + len(name), 3, 0, 0, 64 + len(data), len(names),
                            0, 0, 1, 0)
    return ehdr + data + names + sections


def run(label, content, code, message=None, modes=([], ["-l"], ["--json"])):
    path = os.path.join(TMP, "hostile")
    with open(path, "wb") as file:
        file.write(content)
    for extra in modes:
        result = subprocess.run([PROBES, "list", *extra, path], capture_output=True, timeout=20)
        lines = result.stderr.decode(errors="replace").splitlines()
        bad = result.returncode not in (code if isinstance(code, tuple) else (code,))
        bad |= len(lines) > 1 or (message is not None and message not in "".join(lines))
        if bad:
            FAILURES.append(label)
            print(f"not ok - {label} {extra}: exit {result.returncode}: {lines[:5]}")
            return
    if message is not None:
        print(f"ok - {label}")


def fixed_cases():
    good = note(FIELDS + b"p\0n\0008@%rax\0")
    run("a whole note", elf(good), 0, "")
    run("no padding behind the last note", elf(good[:-1]), 0, "")
    run("an empty section", elf(b"\0" * 4), 1, "ends beyond its section")
    run("a truncated header", elf(good + b"\1\0\0\0\2"), 1, "ends beyond its section")
    run("a huge name size", elf(note(b"", namesz=0xfffffff0)), 1, "ends beyond its section")
    run("a huge descriptor size", elf(note(FIELDS + b"p\0n\0\0", descsz=0xffffffff)), 1,
        "ends beyond its section")
    run("a descriptor of 0 bytes", elf(note(b"")), 1, "descriptor of 0 bytes")
    run("a descriptor without strings", elf(note(FIELDS)), 1, "descriptor of 24 bytes")
    run("a truncated address", elf(note(FIELDS[:20])), 1, "descriptor of 20 bytes")
    run("a provider without NUL", elf(note(FIELDS + b"pppp")), 1, "descriptor of 28 bytes")
    run("arguments without NUL", elf(note(FIELDS + b"p\0n\0008@%r")), 1, "descriptor of 32")
    run("another owner", elf(note(b"x" * 7, owner=b"GNU\0")), 3, "no USDT probes")
    run("another type", elf(note(b"x" * 7, kind=9)), 3, "no USDT probes")
    run("a truncated goprobes record", elf(note(b"\1", b"goprobes\0", 2), b".note.goprobes"), 1,
        "ends within a field")
    run("a goprobes probe of 200 arguments",
        elf(note(b"p\0n\0\0\xc8", b"goprobes\0", 2), b".note.goprobes"), 1, "more than 12")
    run("undo bytes beyond the file",
        elf(note(struct.pack("<QIIQI", 10, 0, 1, 9, 2) + b"xx", b"goprobes\0", 5),
            b".note.goprobes"), 1, "beyond the original")
    run("names with control characters", elf(note(FIELDS + b"p\x1b[31m\0n\n\xff\0a b\tc\0")), 0,
        "")
    run("odd arguments", elf(note(FIELDS + b"p\0n\0@ 8@ -@%rax 99999999999999999999@$1 8@$- "
                                  b"8@4( 8@4() 4@(%eax) \0")), 0, "")


def random_cases(count):
    rng = random.Random(7)
    strings = b"p\0n\0008@%rax -4@8(%rdi)\0"
    site = struct.pack("<QQB", 1, 2, 0) + b"p\0n\0f\0"
    for case in range(count):
        data = bytearray(b"".join(note(FIELDS + strings) for _ in range(3)))
        mine = rng.random() < 0.4
        if mine:
            data = bytearray(note(struct.pack("<II", 1, 0) + b"0\0go1\0\0", b"goprobes\0", 1) +
                             note(b"p\0n\0\0\1goid\0uint64\0uint64\0", b"goprobes\0", 2) +
                             note(site, b"goprobes\0", 3) +
                             note(struct.pack("<QIIQI", 9, 0, 1, 0, 2) + b"xx", b"goprobes\0", 5))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 8, 0x7f, 0x80, 0xff,
                                                         rng.randrange(256)))
        del data[rng.randrange(len(data)) if rng.random() < 0.3 else len(data):]
        run(f"random damage {case}", elf(bytes(data), b".note.goprobes" if mine else
                                         b".note.stapsdt"), (0, 1, 3),
            modes=[rng.choice(([], ["-l"], ["--json"]))])


def main():
    fixed_cases()
    random_cases(300)
    if not FAILURES:
        print("ok - 300 files with random damage")
    return bool(FAILURES)


if __name__ == "__main__":
    sys.exit(main())
