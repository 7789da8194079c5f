# SPDX-License-Identifier: MIT
"""What dump_lines says of a program's return addresses is what its own runtime says.

tests/go/stacks.py DUMP PROGRAM: runs PROGRAM (tests/fixtures/calls), prints how many stacks
and frames are equal, or what differs.
"""
import re
import struct
import subprocess
import sys


def stacks(text):
    """(start, return addresses, frames) of each stack that the program printed."""
    for part in text.split("= ")[1:]:
        head, frames = part.split("\n-\n")
        start, *addresses = (int(word, 16) for word in head.split())
        yield start, addresses, frames.splitlines()


def first_address(program):
    """The address of the first segment in the file."""
    data = open(program, "rb").read(4096)
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    headers = (struct.unpack_from("<IIQQ", data, offset + i * size) for i in range(count))
    return next(address for kind, _, _, address in headers if kind == 1)


# Frames of running deferred functions that the runtime leaves out up to Go 1.20.
LEFT_OUT = ("runtime.deferCallSave\t", "runtime.runOpenDeferFrame\t")


def main():
    dump, program = sys.argv[1:]
    printed = list(stacks(subprocess.run([program], capture_output=True, text=True,
                                         check=True).stdout))
    base = first_address(program)
    asked = "".join(f"{address - start + base - 1:x}\n" for start, addresses, _ in printed
                    for address in addresses)
    said = subprocess.run([dump, program, "-w"], input=asked, capture_output=True, text=True,
                          check=True).stdout.split(".\n")
    assert printed and said.pop() == "" and len(said) == asked.count("\n"), program
    total = 0
    for _, addresses, want in printed:
        mine = [said.pop(0) for _ in addresses]
        got = [re.sub(r"\[.*\]", "[...]", line) for part in mine for line in part.splitlines()
               if not line.startswith(LEFT_OUT)]
        if got != want:
            sys.exit("\n".join([f"{program}: expected", *want, "but got", *got]))
        total += len(got)
    print(f"{len(printed)} stacks, {total} frames")


main()
