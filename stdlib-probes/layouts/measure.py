#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the struct offsets that the definitions use, with real Go toolchains: amd64.txt.

  measure.py                 measures the releases of amd64.txt again
  measure.py GO...           measures these, and keeps what is known of the others

A GO is a release ("1.28.0", taken through GOTOOLCHAIN), the path of a go command, or a
GOROOT. Says what moved against the release before, and which definitions need a variant.
Exit code 0: amd64.txt is up to date; 1: definitions need work first, nothing was written;
2: could not be measured.
"""
import collections
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "amd64.txt"
HEAD = "# Made by stdlib-probes/layouts/measure.py; see linker-pass/probe/layout.h.\n"
ENUMS = HERE.parent.parent / "tests/probe/enums.py"
UNIT = pathlib.Path(os.environ.get("UNIT") or HERE.parent.parent / "build/tests")
# The builtin definitions are one set; the others replace some of them.
SETS = [sorted(HERE.parent.glob("*.yaml"))] + [[p] for p in
                                               sorted(HERE.parent.glob("compat/*.yaml"))]

Problem = collections.namedtuple("Problem", "kind probe place symbol detail signatures")


def die(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def run(*command, **options):
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                              **options).stdout
    except FileNotFoundError as error:
        return die(f"{command[0]}: {error.strerror}")
    except subprocess.CalledProcessError as error:
        return die(f"{' '.join(map(str, command))}: exit code {error.returncode}")


def minor(release):
    """27 of "1.27.3", "1.28rc1" or "1.28-devel_..."."""
    return int(re.match(r"1\.(\d+)", release).group(1))


def patch_order(release):
    return [int(n) for n in re.findall(r"\d+", release)]


def read_data(path):
    """The releases measured, and field -> {minor: "offset:type"}."""
    releases, fields = [], {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        words = line.split()
        if line.startswith("go "):
            releases = words[1:]
        elif words and not line.startswith("#"):
            steps = {minor(v): p for v, p in (w.split(":", 1) for w in words[1:])}
            fields[words[0]] = {
                m: steps[max(s for s in steps if s <= m)] for m in sorted(map(minor, releases))
                if min(steps) <= m and steps[max(s for s in steps if s <= m)] != "-"}
    return releases, fields


def format_data(releases, fields):
    minors = sorted(set(map(minor, releases)))
    lines = [HEAD, "go " + " ".join(sorted(releases, key=patch_order)) + "\n"]
    for name in sorted(fields):
        line, last = name, "-"
        for m in minors:
            now = fields[name].get(m, "-")
            line += f" 1.{m}:{now}" if now != last else ""
            last = now
        lines.append(line + "\n")
    return "".join(lines)


def toolchain(go):
    """The command of a GO argument and the environment to run it in."""
    env = dict(os.environ, CGO_ENABLED="0", GOFLAGS="", GOARCH="amd64", GOWORK="off",
               GOTOOLCHAIN="local")
    if "/" not in go:
        env["GOTOOLCHAIN"] = "go" + go.removeprefix("go")
        return "go", env
    path = pathlib.Path(go).resolve()
    return str(path / "bin/go" if path.is_dir() else path), env


def read_dump(text, problems):
    """field -> "offset:type" of one release; adds to the problems."""
    fields = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "field":
            name, offset, go_type = rest.split(" ", 2)
            fields[name] = f"{offset}:{go_type}"
        elif kind in ("wants", "has"):
            problems[-1].signatures.append(rest)
        else:
            probe, place, symbol, *detail = rest.split(" ", 3)
            problems.append(Problem(kind, probe, place, symbol, "".join(detail), []))
    return fields


def measure(go):
    """Release, fields, problems and function names of the program as a toolchain builds it."""
    command, env = toolchain(go)
    fields, problems = {}, []
    with tempfile.TemporaryDirectory() as tmp:
        program = tmp + "/program"
        run(command, "build", "-buildvcs=false", "-o", program, ".", env=env,
            cwd=HERE / "program")
        release = re.search(r"go(1\.\S+)", run(command, "version", program, env=env)).group(1)
        for files in SETS:
            text = run(UNIT / "dump_layout", program, *files)
            fields.update(read_dump(text, problems))
        names = [line.split(" ", 4)[-1]
                 for line in run(UNIT / "dump_gobin", program).splitlines()]
    return release, fields, problems, names


def enum_differences(go):
    """What the enumerations of the definitions lack for a release."""
    command, env = toolchain(go)
    if not ENUMS.exists():
        return []
    out = subprocess.run([str(ENUMS), command], env=env, stdout=subprocess.PIPE, text=True,
                         check=False).stdout
    return [line.split(": ", 1)[1] for line in out.splitlines() if line.startswith("not ok")]


def last_name(symbol):
    return symbol.rsplit(".", 1)[-1]


def near(symbol, names):
    """Functions that could be what a lost one became: same name elsewhere, or alike."""
    plain = [n for n in names if not re.search(r"-fm$|\.func\d|\.gowrap|\.deferwrap", n)]
    same = [n for n in plain if last_name(n) == last_name(symbol)]
    if not same:
        same = [n for n in plain if last_name(n).lower() == last_name(symbol).lower()]
    alike = sorted(same, reverse=True,
                   key=lambda n: difflib.SequenceMatcher(None, symbol, n).ratio())
    return alike[:3] or difflib.get_close_matches(symbol, plain, 3, 0.85)


WHAT = {"missing": "no function {symbol}", "inlined": "{symbol} is only inlined",
        "mismatch": "{symbol}: {detail}", "lacks": "{symbol}: {detail}"}


def report_problems(problems, names):
    for p in problems:
        print(f"  {os.path.relpath(p.place)}: {p.probe}: "
              f"{WHAT[p.kind].format(**p._asdict())}")
        if p.kind == "missing":
            for name in near(p.symbol, names):
                print(f"      near: {name}")
        for label, signature in zip(("definition", "program"), p.signatures):
            print(f"      {label + ':':11} {signature}")


def report_moves(release, fields, known, releases):
    """What differs from the release before."""
    before = [r for r in releases if minor(r) < minor(release)]
    if not before:
        return
    last = max(before, key=patch_order)
    first = False
    print(f"  against Go {last}:")
    for name in sorted(set(fields) | set(known)):
        was, now = known.get(name, {}).get(minor(last)), fields.get(name)
        if was == now:
            continue
        if was and now and was.split(":")[1] == now.split(":")[1]:
            print(f"    {name} {was.split(':')[0]} -> {now.split(':')[0]}")
        elif was and now:
            print(f"    {name} {was} -> {now}")
        elif was:
            print(f"    {name} {was} -> not used")
        elif any(known.get(name, {})):
            print(f"    {name} not used -> {now}")
        else:
            print(f"    {name} first {now}")
            first = True
    if first:
        print("  first: known of no other release; if older ones have it, measure all again")


def merge(known, releases, release, fields):
    """Puts one release in the place of its minor."""
    for name in set(known) | set(fields):
        row = known.setdefault(name, {})
        row.pop(minor(release), None)
        if name in fields:
            row[minor(release)] = fields[name]
        if not row:
            del known[name]
    return [r for r in releases if minor(r) != minor(release)] + [release]


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        raise SystemExit(__doc__)
    releases, known = read_data(DATA)
    wanted = sys.argv[1:] or releases
    if not sys.argv[1:]:
        releases, known = [], {}
    bad = 0
    for go in wanted:
        release, fields, problems, names = measure(go)
        print(f"Go {release}: {len(fields)} fields")
        report_moves(release, fields, known, releases)
        if problems:
            print("  definitions that need a variant (or the program a use of the function):")
            report_problems(problems, names)
        numbers = enum_differences(go)
        if numbers:
            print("  enumerations that Go changed:")
            print("".join(f"    {line}\n" for line in numbers), end="")
        bad += len(problems) + len(numbers)
        releases = merge(known, releases, release, fields)
        sys.stdout.flush()
    if bad:
        print(f"{os.path.relpath(DATA)} is as it was: {bad} things to mend, then again")
        return 1
    new = format_data(releases, known)
    same = DATA.exists() and DATA.read_text(encoding="utf-8") == new
    DATA.write_text(new, encoding="utf-8")
    print(f"{os.path.relpath(DATA)}: {'unchanged, ' if same else ''}{len(known)} fields, "
          f"{len(releases)} releases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
