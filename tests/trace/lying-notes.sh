#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# Notes with unprintable names, odd operands, one name twice, two names at one place: output
# stays readable, valid, and right.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
need gcc python3
need_bpf

gcc -O1 -o lying "$ROOT/tests/fixtures/sdt/lying.c"
"$PROBES" trace --json ./lying -- ./lying 2 >out.json
python3 - <<'END' || die "$(cat -v out.json)"
import collections, json
events = [json.loads(line) for line in open("out.json", "rb").read().decode().splitlines()]
count = collections.Counter(e["probe"] for e in events)
strange = "a??[31m:b?c%s%n????\u00e9"
wanted = {"operands:odd": 2, "twice:named": 4, "same:place": 2, "memory:edge": 2, strange: 2}
assert count == wanted, count
odd = next(e for e in events if e["probe"] == "operands:odd")["args"]
want = [None, None, None, -5, None, None, 2**32 - 1, -1, 2**32 - 1, 1, -1, 2**64 - 1]
assert list(odd.values()) == want, odd
assert list(odd) == [f"arg{i}" for i in range(12)], odd
edge = next(e for e in events if e["probe"] == "memory:edge")["args"]
assert list(edge.values()) == [-7, None, 0xffff, 0xff, None], edge
assert [e["args"]["arg0"] for e in events if e["probe"] == "twice:named"] == [1, 2, 1, 2]
END
ok "JSON is valid and says what the operands say"

"$PROBES" trace ./lying 'a*' -- ./lying 1 >out.txt
[ "$(wc -l <out.txt)" = 1 ] || die "$(cat -v out.txt)"
LC_ALL=C grep -q '[^ -~]' <(sed 's/\xc3\xa9//' out.txt) && die "$(cat -v out.txt)"
expect_match out.txt '0 a\?\?\[31m:b\?c%s%n\?\?\?\?é arg0=1$'
ok "text has no control characters"
