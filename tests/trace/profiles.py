# SPDX-License-Identifier: MIT
"""Reads what probes stacks writes: tests/trace/profiles.py KIND FILE, for tests/trace/stacks.sh.

flame FILE.html   checks the page and prints its stacks as folded lines
pprof FILE.pb.gz  prints the stacks that go tool pprof -raw shows as folded lines: the first
                  value, the last value, the frames
"""
import html.parser
import json
import re
import subprocess
import sys


class Page(html.parser.HTMLParser):
    """The elements of a page: balanced, and none that loads anything."""

    def __init__(self):
        super().__init__()
        self.open, self.script = [], ""

    def handle_starttag(self, tag, attrs):
        assert not {"src", "href"} & {name for name, _ in attrs}, (tag, attrs)
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.script += data
        assert not re.search(r"@import|url\(|fetch\(", data)


def walk(profile, at, path, lines):
    """Folds the node at `at`; its value, and where the next one is."""
    name, value, children = profile["nodes"][at:at + 3]
    path = path + [profile["names"][name][0]]
    rest, at = value, at + 3
    for _ in range(children):
        below, at = walk(profile, at, path, lines)
        rest -= below
    assert rest >= 0, path
    if rest:
        lines.append(f"{';'.join(path[1:])} {rest}")
    return value, at


def flame(name):
    text = open(name, encoding="utf-8").read()
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open and text.startswith("<!DOCTYPE html>") and "{{" not in text
    addresses = re.findall(r"https?://[^\"' ]*", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}, addresses
    profile = json.loads(re.search(r"^const profile = (.*);$", page.script, re.M)[1])
    lines = []
    _, end = walk(profile, 0, [], lines)
    assert end == len(profile["nodes"])
    return lines


def pprof(name):
    raw = subprocess.run(["go", "tool", "pprof", "-raw", name], capture_output=True, text=True,
                         check=True).stdout
    samples, locations = raw.split("\nLocations\n")
    locations = locations.split("\nMappings\n")[0]
    places = {}
    for line in locations.splitlines():
        number, rest = re.match(r"\s*(?:(\d+): 0x[0-9a-f]+ (?:M=\d+ )?)?(.*)", line).groups()
        here = number or here
        places.setdefault(here, []).insert(0, rest.rsplit(" ", 2)[0].strip())
    for line in samples.split("\nSamples:\n")[1].splitlines()[1:]:
        values, _, stack = line.partition(":")
        if re.fullmatch(r"[\d ]+", values):
            numbers = values.split()
            frames = [frame for at in reversed(stack.split()) for frame in places[at]]
            yield f"{numbers[0]} {numbers[-1]} {';'.join(frames)}"


kind, file = sys.argv[1:]
print("\n".join(sorted({"flame": flame, "pprof": pprof}[kind](file))))
