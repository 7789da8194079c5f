# SPDX-License-Identifier: MIT
"""lying-ids.py PROGRAM: writes PROGRAM.NAME, each with one lie about where Go build ids stand
or with one id that is not like the others, and prints NAME and what must be said about it."""
import re
import struct
import sys

path = sys.argv[1]
whole = open(path, "rb").read()
head = b"goprobes\0\0\0\0"
at = whole.rindex(struct.pack("<I", 7) + head) - 8
size = struct.unpack_from("<I", whole, at + 4)[0]
desc = at + 12 + len(head)
count = struct.unpack_from("<I", whole, desc)[0]
assert size == 4 + 12 * count and count >= 3, (size, count)
ranges = [struct.unpack_from("<QI", whole, desc + 4 + 12 * i) for i in range(count)]
# The first stands in the original's place, where a program header has cut it.
ids = {whole[off:off + length] for off, length in ranges[1:]}
assert len(ids) == 1 and re.fullmatch(rb"[A-Za-z0-9_-]{20}", ids.pop())


def lie(name, message, *edits):
    data = bytearray(whole)
    for off, new in edits:
        data[off:off + len(new)] = new
    with open(f"{path}.{name}", "wb") as out:
        out.write(data)
    print(name, message)


def entry(i, off, length):
    return desc + 4 + 12 * i, struct.pack("<QI", off, length)


order = "build ids out of order or beyond the file"
changed = "changed by another program since it was injected"
code = whole.index(b"\x55\x48\x89\xe5", 0x1000)
lie("beyond", order, entry(count - 1, len(whole) - 5, 20))
lie("huge-offset", order, entry(count - 1, 2**64 - 10, 20))
lie("empty", order, entry(0, ranges[0][0], 0))
lie("long", order, entry(0, ranges[0][0], 65))
lie("unordered", order, entry(0, *ranges[1]), entry(1, *ranges[0]))
lie("overlapping", order, entry(1, ranges[0][0] + 10, 20))
lie("many", "the record ends within a field", (desc, struct.pack("<I", 2**32 - 1)))
lie("fewer", changed, (desc, struct.pack("<I", count - 1)))
lie("code", changed, entry(0, code, 20))
lie("shorter", changed, entry(0, ranges[0][0], 10))
for i, (off, _) in enumerate(ranges):
    lie(f"id-{i}", changed, (off + 3, b"!"))
    lie(f"unlike-{i}", changed, (off + 3, bytes([whole[off + 3] ^ 1 if whole[off + 3] != 0x41
                                                 else 0x42])))
