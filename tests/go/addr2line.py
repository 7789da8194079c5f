# SPDX-License-Identifier: MIT
"""Function, file and line of many addresses are those of go tool addr2line.

tests/go/addr2line.py UNIT PROGRAM: of each function its entry and another byte. addr2line
names the function whose code it is, and the line of the innermost inlined call.
"""
import random
import re
import subprocess
import sys


def run(*command, stdin=""):
    return subprocess.run(command, input=stdin, capture_output=True, text=True,
                          check=True).stdout


def addresses(table):
    random.seed(1)
    for line in table.splitlines():
        entry, end = (int(word, 16) for word in line.split(None, 2)[:2])
        yield from (f"{entry:x}", f"{random.randrange(entry, max(end, entry + 1)):x}")


def main():
    unit, program = sys.argv[1:]
    asked = list(addresses(run(f"{unit}/dump_gobin", program)))
    text = "\n".join(asked) + "\n"
    lines = run("go", "tool", "addr2line", program, stdin=text).splitlines()
    said = run(f"{unit}/dump_lines", program, stdin=text).split(".\n")
    assert len(asked) > 1000 and len(lines) == 2 * len(asked) and len(said) == len(asked) + 1
    inlined = 0
    for address, func, place, part in zip(asked, lines[::2], lines[1::2], said):
        if func.startswith(("go:", "_cgo_")):  # no code of Go: it has no lines there
            continue
        frames = [line.split("\t") for line in part.splitlines()]
        inlined += len(frames) > 1
        place = re.sub(r"^:-\d+$", "?:0", place)  # padding
        if not frames or (frames[-1][0], frames[0][1]) != (func, place):
            sys.exit(f"{program}: {address}: {func} {place}, but got {frames}")
    print(f"{len(asked)} addresses, {inlined} of them in inlined calls")


main()
