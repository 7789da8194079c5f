#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare.py passes right events and notices each kind of wrong ones."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SCRATCH = pathlib.Path(os.environ["TEST_TMP"])


def arg(name, kind, of=None):
    return {"name": name, "type": kind, "of": of or kind}


def probe(name, *args):
    return {"provider": "net", "name": name, "at": "entry", "sites": [],
            "args": [arg("goid", "uint64"), *args]}


LIST = {"files": [{"path": "x", "probes": [
    probe("ask_start", arg("host", "*byte", "string"), arg("host_len", "int", "string"),
          arg("port", "int")),
    probe("ask_end", arg("n", "int"), arg("err_type", "uintptr", "error"),
          arg("err_data", "unsafe.Pointer", "error"))]}]}
TRUTH = [
    {"probe": "net:ask_start", "goid": 7, "args": {"host": "abc", "port": -1}, "seq": 1},
    {"probe": "net:ask_end", "goid": 7, "args": {"n": 5, "err": False}, "seq": 2},
    {"probe": "net:ask_start", "goid": 7, "args": {"host": "", "port": 80}, "seq": 3},
    {"probe": "net:ask_end", "goid": 7, "args": {"n": 0, "err": True}, "seq": 4},
    {"probe": "net:ask_end", "goid": 9, "args": {"n": 1, "err": False}, "seq": 5}]
EVENTS = ["net:ask_start 7 c000 3 ffffffffffffffff / 616263", "net:ask_end 7 5 0 0",
          "net:ask_start 7 0 0 50 / -", "net:ask_end 7 0 4a 4b", "net:ask_end 9 1 0 0"]
WRONG = {
    "one event too few": EVENTS[:4],
    "one event twice": EVENTS + EVENTS[4:],
    "an event of another goroutine": EVENTS[:4] + ["net:ask_end 8 1 0 0"],
    "an extra event elsewhere": EVENTS + ["net:ask_end 8 1 0 0"],
    "two events in the wrong order": EVENTS[2:4] + EVENTS[:2] + EVENTS[4:],
    "another number": EVENTS[:4] + ["net:ask_end 9 2 0 0"],
    "an unsigned number": ["net:ask_start 7 c000 3 ffffffff / 616263"] + EVENTS[1:],
    "another string": ["net:ask_start 7 c000 3 ffffffffffffffff / 616264"] + EVENTS[1:],
    "a string too long": ["net:ask_start 7 c000 4 ffffffffffffffff / 61626300"] + EVENTS[1:],
    "a string cut off": ["net:ask_start 7 c000 3 ffffffffffffffff / 6162"] + EVENTS[1:],
    "an error for none": EVENTS[:4] + ["net:ask_end 9 1 4a 4b"],
    "no error for one": EVENTS[:3] + ["net:ask_end 7 0 0 0"] + EVENTS[4:],
    "an unreadable word": ["unread 8 0"] + EVENTS,
    "an unreadable string": ["unread 0 1"] + EVENTS,
    "a probe that never fires": [EVENTS[0], EVENTS[2]],
}


def compare(events):
    (SCRATCH / "events").write_text("".join(line + "\n" for line in events), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, HERE / "compare.py", "-q", HERE / "expect.json", SCRATCH / "list",
         SCRATCH / "list", SCRATCH / "truth", SCRATCH / "events"],
        capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    (SCRATCH / "list").write_text(json.dumps(LIST), encoding="utf-8")
    (SCRATCH / "truth").write_text("".join(json.dumps(r) + "\n" for r in TRUTH),
                                   encoding="utf-8")
    good = compare(EVENTS)
    failed = good[0] != 0 or "15 values compared, 0 mismatches" not in good[1]
    print("not ok - right events" if failed else "ok - right events")
    for what, events in WRONG.items():
        status, output = compare(events)
        noticed = status == 1 and "Traceback" not in output
        failed = failed or not noticed
        print(("ok - " if noticed else "not ok - ") + what)
    if failed:
        print(good[1])
    sys.exit(1 if failed else 0)


main()
