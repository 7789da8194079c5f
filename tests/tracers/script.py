#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lines that a script of `probes bpftrace` printed, as tests/truth/compare.py reads events.

script.py LIST LAST <OUTPUT >EVENTS   LIST: `probes list --json`; LAST: the highest argN printed
Each line must be, to the character, what the probe's argument names and types ask for.
"""
import json
import re
import sys

TIME = r"(\d\d:\d\d:\d\d\.\d{6}) \d+ g(\d+) "
ADDRESS = {"uintptr", "unsafe.Pointer"}


def word(text):
    return f"{int(text, 0) & (1 << 64) - 1:x}"


class Value:
    """One value of a probe: how it is printed, and what words it stands for."""

    def __init__(self, args, at):
        arg = args[at]
        self.at, self.name, self.of, self.words = at, arg["name"], arg["of"], 1
        self.enum = {str(e["value"]): e["name"] for e in arg.get("enum", [])}
        after = args[at + 1] if at + 1 < len(args) else {"name": "", "of": ""}
        for end, second in ("", "_len"), ("_type", "_data"):
            stem = arg["name"].removesuffix(end)
            if arg["of"] == after["of"] and after["name"] == stem + second:
                self.name, self.words = stem, 2
        self.kind = self.of if self.words == 2 else arg["type"]

    def pattern(self, last):
        """What is printed behind "name=", or None when it is out of reach."""
        if self.kind == "error" and self.at <= last:
            return r"(nil|0x[0-9a-f]+)"
        if self.at + self.words - 1 > last:
            return None
        if self.enum:
            return r'(\d+ "[^"]*")'
        if self.words == 2:
            return {"string": r'"(.*?)"', "[]byte": r'"(.*?)"', "any": r"(0x\w+/0x\w+)"}.get(
                self.kind, r"\[(\d+)\]")
        if self.kind == "bool":
            return "(true|false)"
        return r"(0x[0-9a-f]+)" if self.kind in ADDRESS else r"(-?\d+)"

    def take(self, text):
        """The words, and the bytes of a string or slice of bytes."""
        if self.kind == "error":
            return ["0", "0"] if text == "nil" else [word(text), "1"], []
        if self.enum:
            number, name = text.split(" ", 1)
            if name != f'"{self.enum[number]}"':
                raise SystemExit(f"{self.name}: {number} is not {name}")
            return [word(number)], []
        if self.kind in ("string", "[]byte"):
            data = re.sub(r"\\x(..)", lambda m: chr(int(m[1], 16)), text or "").encode("latin-1")
            return ["1", f"{len(data):x}"], [data.hex()]
        if self.kind == "bool":
            return [{"true": "1", "false": "0"}[text]], []
        if self.words == 2:
            return ([word(w) for w in text.split("/")] if "/" in text else ["1", word(text)]), []
        return [word(text)], []


def shape(probe, last):
    """The regular expression of a line of the probe, and its values."""
    args, values, at, regex, error = probe["args"], [], 1, "", None
    while at < len(args):
        value = Value(args, at)
        pattern = value.pattern(last)
        if pattern:
            piece = f" {value.name}={pattern}"
            regex += f"(?:{piece})?" if error and value.name == error + "_text" else piece
            values.append(value)
        if value.kind == "error":
            error = value.name
        at += value.words
    return re.compile(TIME + f"{probe['provider']}:{probe['name']}{regex}$"), values


def main():
    last = int(sys.argv[2])
    with open(sys.argv[1], encoding="utf-8") as source:
        listed = json.load(source)["files"][0]["probes"]
    shapes = {f"{p['provider']}:{p['name']}": (*shape(p, last), p) for p in listed}
    events = []
    for line in sys.stdin:
        line = line.rstrip("\n")
        named = re.match(TIME + r"([a-z0-9_]+:[a-z0-9_]+)", line)
        if not named:
            print(f"no event: {line}", file=sys.stderr)
            continue
        regex, values, probe = shapes[named[3]]
        found = regex.match(re.sub(r" took=\d+us$", "", line))
        if not found:
            raise SystemExit(f"not as {regex.pattern}: {line}")
        words, texts = [f"{int(found[2]):x}"], []
        for value, text in zip(values, found.groups()[2:]):
            more, bytes_ = value.take(text)
            words += more
            texts += bytes_
        words = (words + ["0"] * 12)[:min(len(probe["args"]), last + 1)]
        events.append((found[1], f"{named[3]} " + " ".join(words) +
                       "".join(f" / {text}" for text in texts)))
    for _, event in sorted(events, key=lambda e: e[0]):
        print(event)


if __name__ == "__main__":
    main()
