# SPDX-License-Identifier: MIT
"""Where in-place sites stand: check_sites.py PROGRAM LIST

For every function of the fixture in PROGRAM: one that LIST names has the sites that its flags
ask for, of the right form, where they should be, and no branch leads into them; any other has
none. Prints "FUNCTION FORM ENTRIES RETURNS" for each that has some; "into" lines are branches
that lead to a return site.
"""
import re
import subprocess
import sys

LONG = bytes.fromhex("90662e0f1f840000000000")
SHORT = bytes.fromhex("900f1f00")
OURS = ("main.", "example.com/fixture/")


def functions(program):
    """name -> [(address, bytes, text)] as objdump decodes them."""
    out = subprocess.run(["objdump", "-d", "-w", program], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    found, code = {}, None
    for line in out.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if head:
            code = found.setdefault(head[1], []) if head[1].startswith(OURS) else None
        elif code is not None and line.count("\t") >= 2:
            addr, raw, text = line.split("\t", 2)
            code.append((int(addr.strip(" :"), 16), bytes.fromhex(raw.replace(" ", "")), text))
    return found


def collapse(name):
    """Type arguments as the list has them."""
    out, depth = "", 0
    for char in name:
        out += "[...]" if char == "[" and not depth else "" if depth or char == "]" else char
        depth += (char == "[") - (char == "]")
    return out


def read_list(path):
    flags = {}
    for line in open(path):
        if line.strip() and line[0] != "#":
            given, symbol = line.split(None, 1)
            flags[symbol.strip()] = flags.get(symbol.strip(), "") + given
    return flags


def sites_of(code):
    """[(index of the 90, form)] of all sites in a function."""
    found = []
    for i in range(len(code) - 1):
        both = code[i][1] + code[i + 1][1]
        if code[i][1] == b"\x90" and both in (LONG, SHORT):
            found.append((i, both))
    return found


def teardown(code, i):
    """The index behind the frame's end that begins at i, when that is a return; or None."""
    if re.match(r"(add|sub) +\$[^,]*,%rsp", code[i][2]):
        i += 1
    if code[i][2].startswith("pop ") and "%rbp" in code[i][2]:
        i += 1
    while code[i][2].split()[0] in ("nop", "nopl", "nopw", "xchg"):
        i += 1
    return i + 1 if code[i][2].split()[0] == "ret" else None


def check(name, code, flags):
    checked = any("runtime.morestack" in text for _, _, text in code)
    form = LONG if checked else SHORT
    sites = sites_of(code)
    entry = 0
    if checked:
        entry = 1 + next(i for i, one in enumerate(code) if "jbe" in one[2])
    returns = [i for i, _ in sites if teardown(code, i + 2) is not None and i != entry]
    wanted = sum(text.split()[0] == "ret" for _, _, text in code) if "r" in flags else 0
    assert all(bytes_ == form for _, bytes_ in sites), f"{name}: the other form"
    assert ("e" in flags) == any(i == entry for i, _ in sites), f"{name}: entry"
    assert len(returns) == wanted, f"{name}: {len(returns)} of {wanted} returns"
    assert len(sites) == len(returns) + ("e" in flags), f"{name}: sites elsewhere"
    starts = {code[i][0] for i in returns}
    inner = set()
    for i in returns:
        inner |= set(range(code[i][0] + 1, code[teardown(code, i + 2) - 1][0] + 1))
    if "e" in flags:
        inner |= set(range(code[entry][0] + 1, code[entry][0] + len(form)))
    for addr, _, text in code:
        target = re.match(r"j\w+ +([0-9a-f]+) ", text)
        if target:
            assert int(target[1], 16) not in inner, f"{name}: a branch at {addr:x} into a site"
            if int(target[1], 16) in starts:
                print(f"into {collapse(name)}")
    if sites:
        print(collapse(name), "long" if checked else "short", len(sites) - len(returns),
              len(returns))


def main():
    wanted = read_list(sys.argv[2])
    found = functions(sys.argv[1])
    for name, code in sorted(found.items()):
        check(name, code, wanted.get(collapse(name), ""))
    missing = set(wanted) - {collapse(name) for name in found}
    assert not missing, f"not in the program: {missing}"


main()
