# SPDX-License-Identifier: MIT
"""ids.py STRIPPED PLAIN STRIPPED-ID PLAIN-ID: whether two builds differ in nothing but their
Go build ids, and in the GNU build id that Go's linker makes of it."""
import re
import sys

stripped, plain = (open(path, "rb").read() for path in sys.argv[1:3])
mine, theirs = (text.encode() for text in sys.argv[3:5])
GNU = rb"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"

if len(stripped) != len(plain):
    sys.exit(f"{len(stripped)} bytes, not {len(plain)}")
if mine == theirs:
    sys.exit("the same Go build id")
if not stripped.count(mine) == plain.count(theirs) >= 1:
    sys.exit(f"{stripped.count(mine)} Go build ids, not {plain.count(theirs)}")
masked = stripped.replace(mine, theirs)
gnu = [match.end() for match in re.finditer(GNU, plain)]
for at in (at for at in range(len(plain)) if masked[at] != plain[at]):
    if not any(start <= at < start + 20 for start in gnu):
        sys.exit(f"byte {at:#x} is no part of an id, and differs")
