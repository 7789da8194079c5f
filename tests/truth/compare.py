#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
r"""Compares captured events with the truth that the program logged.

compare.py [-q] [--partial] [--words=N] [--report=FILE] [--kind=KIND] EXPECT WHOLE \
           [LIST TRUTH EVENTS]...

EXPECT is expect.json beside this file; the areas (areas.py) are read too. WHOLE is the output of
`probes list --json`. Each LIST TRUTH EVENTS is one run, LIST having the probes that were
traced. With --words=N the tracer could only read the first N words; with --partial not every
probe need fire, and those refused in part are not compared. Prints a table of probes and a
last line with the sums; exit code 1 on any mismatch. --report writes what came of each probe
as JSON, for table.py. Areas with "kinds" are for these builds; in a build of another KIND
their probes need not fire. On one goroutine, events of a probe must come in the order of the
truth.
"""
import collections
import json
import re
import sys

import areas

Event = collections.namedtuple("Event", "probe goid conn args hidden inside unread line")
MAX_WORDS = 12
TEXT_BYTES = 200  # tracers record at least so much of a string
# On a connection that the truth calls opaque, the library itself makes these calls.
INSIDE = re.compile(r"crypto_tls:(read|write|close)_(start|end)$")
SIGNED = ("int", "int8", "int16", "int32", "int64")


class Tally:
    """What is known of one probe over all runs."""

    def __init__(self):
        self.fired = self.expected = self.compared = 0
        self.wrong = []


class Shapes:
    """Decodes event lines by the argument names and types of the list."""

    def __init__(self, path, words):
        with open(path, encoding="utf-8") as source:
            file = json.load(source)["files"][0]
        listed = file["probes"]
        self.args = {f"{p['provider']}:{p['name']}": p["args"] for p in listed}
        self.refused = {f"{r['provider']}:{r['name']}": r["reason"]
                        for r in file.get("refused", [])}
        self.words = words
        self.blank = {f"{p['provider']}:{p['name']}": blank(p) for p in listed}
        self.entry_of = {site["function"]: f"{p['provider']}:{p['name']}" for p in listed
                         for site in p["sites"] if p["at"] == "entry" and "function" in site}

    def decode(self, line):
        head, *pieces = line.split(" /")
        probe, *words = head.split()
        words = [int(word, 16) for word in words]
        args, taken, i = {}, 0, 0
        shape = self.args[probe][:self.words]
        if len(words) != len(shape):
            raise SystemExit(f"compare: {len(words)} words for {len(shape)}: {line}")
        while i < len(shape):
            name, kind, of = shape[i]["name"], shape[i]["type"], shape[i]["of"]
            if of in ("string", "[]byte", "error") and i + 1 == len(shape):
                break  # its other word is beyond the tracer's reach
            if of in ("string", "[]byte"):
                args[name] = text(words[i + 1], pieces[taken], of)
                taken, i = taken + 1, i + 2
            elif of == "error":
                args[name[:-len("_type")]] = words[i] != 0
                i += 2
            else:
                args[name] = number(words[i], kind)
                i += 1
        hidden = {arg["name"].removesuffix("_type") for arg in self.args[probe][i:]}
        hidden |= self.blank[probe]
        args = {name: value for name, value in args.items() if name not in hidden}
        return probe, args.pop("goid"), args, hidden


def blank(probe):
    """Arguments that read 0 because note mode has no trampoline to make them."""
    return {arg["name"] for i, arg in enumerate(probe["args"])
            if probe["sites"] and arg["name"] != "goid" and
            all(site.get("tactic", "").startswith("note") and site["operands"][i][-3:] == "@$0"
                for site in probe["sites"])}


def text(length, piece, of):
    data = b"" if piece.strip() in ("", "-") else bytes.fromhex(piece)
    if of == "[]byte":
        return data if len(data) == length else (length, data)
    return (length, data.decode("utf-8", "replace"))


def number(word, kind):
    if kind in SIGNED and word >= 1 << 63:
        return word - (1 << 64)
    return bool(word) if kind == "bool" and word < 2 else word


def read_events(path, shapes, opaque):
    """Events in order; an end belongs to the connection of its start on the goroutine."""
    events, counts, unread, open_conns = [], {}, None, collections.defaultdict(list)
    with open(path, encoding="utf-8") as source:
        for line in source:
            line = line.rstrip("\n")
            head, *rest = line.split(" ")
            if head == "count":
                counts[rest[0]] = int(rest[1])
            elif head == "unread":
                unread = [int(bits, 16) for bits in rest]
            elif head != "status":
                probe, goid, args, hidden = shapes.decode(line)
                conn = args.get("conn")
                if probe.endswith("_start"):
                    open_conns[probe[:-6], goid].append(conn)
                elif probe.endswith("_end"):
                    starts = open_conns[probe[:-4], goid]
                    conn = starts.pop() if starts else None
                inside = bool(INSIDE.match(probe)) and conn in opaque
                events.append(Event(probe, goid, conn, args, hidden, inside, unread,
                                    line))
                unread = None
    return events, counts


def unreadable(event):
    """Why what could not be read of an event is wrong; None when it is as documented."""
    if not event.unread:
        return None
    if event.unread[1]:
        return f"a string could not be read: {event.line}"
    if event.args.get("err") is not True:  # after an error, results read as 0
        return f"words {event.unread[0]:#x} could not be read: {event.line}"
    return None


def read_truth(path):
    events, totals, opaque, pairs, eldest = [], {}, set(), [], 0
    with open(path, encoding="utf-8") as source:
        for line in source:
            record = json.loads(line)
            if record.get("note") == "eldest":
                eldest = record["goid"]
            elif record.get("note") == "pair":
                pairs.append((record["args"]["client"], record["args"]["server"]))
            elif "opaque" in record:
                opaque.add(record["args"]["conn"])
            elif "count" in record:
                totals[record["probe"]] = record["count"]
            elif "probe" in record:
                events.append(record)
    events.sort(key=lambda record: record["seq"])
    return events, totals, opaque, pairs, eldest


def same(want, got):
    if isinstance(want, dict):
        if "any" in want:
            return any(same(value, got) for value in want["any"])
        return want["min"] <= got <= want["max"]
    if isinstance(got, tuple):  # a string: its length, and its first bytes
        length, seen = got
        want = want.encode() if isinstance(seen, bytes) else want
        return (len(want) == length and len(seen) >= min(length, TEXT_BYTES)
                and want[:len(seen)] == seen)
    if isinstance(got, bytes):  # text, or an IP address in 4 or 16 bytes
        if got == want.encode():
            return True
        if len(got) == 16 and got[:12] == bytes(10) + b"\xff\xff":
            got = got[12:]
        return want == ".".join(str(byte) for byte in got)
    if isinstance(want, bool) or isinstance(got, bool):
        return int(want) == int(got)
    return want == got


def differences(record, event):
    """What differs; arguments beyond the tracer's reach are left out."""
    wrong = []
    for name, want in (record.get("args") or {}).items():
        if name not in event.args:
            if name not in event.hidden:
                wrong.append(f"{name} is not an argument")
        elif not same(want, event.args[name]):
            wrong.append(f"{name}: truth {want!r}, captured {event.args[name]!r}")
    return wrong


def values(record, event=None):
    names = set(record.get("args") or {}) - (event.hidden if event else set())
    return len(names) + (1 if record.get("goid") else 0)


def compare_goroutine(records, events, exact, tally):
    """The events of one probe on one goroutine, in order. Returns those left over."""
    left = list(events)
    if exact:
        if len(records) != len(events):
            tally.wrong.append(f"goroutine {records[0]['goid']}: truth has {len(records)}, "
                               f"captured {len(events)}")
        for record, event in zip(records, events):
            tally.compared += values(record, event)
            tally.wrong += [f"goroutine {event.goid}: {d}" for d in differences(record, event)]
        return []
    for record in records:
        tally.compared += values(record, left[0] if left else None)
        while left and differences(record, left[0]):
            left.pop(0)
        if not left:
            tally.wrong.append(f"goroutine {record['goid']}: no event like {record}")
            break
        left.pop(0)
    return []


def compare_anywhere(records, events, tally):
    """Truth without a goroutine: any event with its values will do."""
    left = list(events)
    for record in records:
        tally.compared += values(record, left[0] if left else None)
        for i, event in enumerate(left):
            if not differences(record, event):
                del left[i]
                break
        else:
            tally.wrong.append(f"no event like {record}")
    return left


def compare_probe(records, events, count, tally):
    repeated = [r for r in records for _ in range(r.get("repeat", 1))]
    tally.expected += len(repeated)
    by_goid = collections.defaultdict(lambda: ([], []))
    for record in repeated:
        by_goid[record.get("goid", 0)][0].append(record)
    known = set(by_goid) - {0}
    elsewhere = []
    for event in events:
        if event.goid in known:
            by_goid[event.goid][1].append(event)
        else:
            elsewhere.append(event)
    for goid in sorted(known):
        compare_goroutine(*by_goid[goid], count != "at least", tally)
    left = compare_anywhere(by_goid[0][0], elsewhere, tally)
    if count == "exact":
        tally.wrong += [f"not in the truth: {event.line}" for event in left]


def check_goroutines(events, eldest, tallies):
    """What must hold of goroutines that the program knows nothing of.

    Every event's goroutine was created during the run or is as old as the program's first,
    and ends with the function that it was created with.
    """
    created = {event.goid: event for event in events if event.probe.endswith(":goroutine_create")}
    for event in events:
        tally = tallies[event.probe]
        ids = [event.goid] + [event.args[name] for name in event.args if name == "parent_goid"]
        tally.wrong += [f"no goroutine has the id {id}: {event.line}" for id in ids
                        if created and id > eldest and id not in created]
        birth = created.get(event.goid)
        if birth and event.probe.endswith(":goroutine_exit"):
            tally.compared += 1
            if birth.args["start_pc"] != event.args["start_pc"]:
                tally.wrong.append(f"created by {birth.line}, ended by {event.line}")


def check_pairs(events, pairs, tallies):
    """On connections whose calls the library makes, what one end writes the other reads.

    A client closes last: the server may have written what the client never read.
    """
    moved = collections.Counter()
    for event in events:
        if event.inside and "n" in event.args:
            moved[event.probe, event.conn] += event.args["n"]
    for client, server in pairs:
        tally = tallies["crypto_tls:read_end"]
        sent, received = moved["crypto_tls:write_end", client], moved["crypto_tls:read_end", server]
        answered, read = moved["crypto_tls:write_end", server], moved["crypto_tls:read_end", client]
        tally.compared += 2
        if sent != received or not 0 < read <= answered:
            tally.wrong.append(f"connection {client:#x}: {sent} bytes sent, {received} received; "
                               f"{answered} answered, {read} read")


def compare_run(truth_path, events_path, shapes, expect, tallies, naive):
    records, totals, opaque, pairs, eldest = read_truth(truth_path)
    events, counts = read_events(events_path, shapes, opaque)
    wanted, captured = collections.defaultdict(list), collections.defaultdict(list)
    for record in records:
        wanted[record["probe"]].append(record)
    check_goroutines(events, eldest, tallies)
    check_pairs(events, pairs, tallies)
    for event in events:
        tallies[event.probe].fired += 1
        tallies[event.probe].wrong += filter(None, [unreadable(event)])
        if not event.inside:
            captured[event.probe].append(event)
    partial = "--partial" in sys.argv
    for probe in shapes.args:
        if probe in shapes.refused and partial:
            continue
        tally = tallies[probe]
        count = expect.get(probe, {}).get("count", "exact")
        compare_probe(wanted[probe], captured[probe], count, tally)
        if probe in totals:
            tally.compared += 1
            if totals[probe] != len(captured[probe]):
                tally.wrong.append(f"the runtime counted {totals[probe]}, "
                                   f"captured {len(captured[probe])}")
    for function, hits in counts.items():
        if function in shapes.entry_of:
            probe = shapes.entry_of[function]
            naive[function][0] += hits
            naive[function][1] += sum(1 for event in events if event.probe == probe)
    return [p for p in wanted if p not in shapes.args]


def read_expect(path, known):
    """How the counts of probes are compared, from expect.json and the areas."""
    with open(path, encoding="utf-8") as source:
        expect = json.load(source)["probes"]
    for area in known:
        expect.update(area.get("counts", {}))
    return expect


def of_other_kinds(known, kind):
    """Patterns of probes that builds of this kind cannot fire: cgo's, without cgo."""
    return [pattern for area in known if kind not in area.get("kinds", [kind])
            for pattern in area["probes"]]


def report(path, tallies, shapes):
    """One word or reason a probe: "ok", "wrong", or why it was refused."""
    outcome = {probe: "wrong" if tallies[probe].wrong else "ok"
               for probe in shapes.args if tallies[probe].fired}
    outcome.update(shapes.refused)
    with open(path, "w", encoding="utf-8") as out:
        json.dump(outcome, out)


def print_table(tallies, expect):
    print(f"{'PROBE':42} {'COUNT':9} {'FIRED':>6} {'TRUTH':>6} {'VALUES':>6} {'WRONG':>5}")
    for probe, tally in sorted(tallies.items()):
        count = expect.get(probe, {}).get("count", "exact")
        print(f"{probe:42} {count:9} {tally.fired:6} {tally.expected:6} {tally.compared:6} "
              f"{len(tally.wrong):5}")
        for line in tally.wrong[:5]:
            print(f"    {line[:300]}")


def option(name):
    """The value of --NAME=VALUE; None without it."""
    return next((a[len(name) + 3:] for a in sys.argv if a.startswith(f"--{name}=")), None)


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if len(arguments) < 5 or len(arguments) % 3 != 2:
        raise SystemExit(__doc__)
    known = areas.read().values()
    expect = read_expect(arguments[0], known)
    words = int(option("words") or MAX_WORDS)
    whole = Shapes(arguments[1], words)
    tallies = collections.defaultdict(Tally)
    elsewhere = of_other_kinds(known, option("kind"))
    absent, naive = set(), collections.defaultdict(lambda: [0, 0])
    for listed, truth, events in zip(arguments[2::3], arguments[3::3], arguments[4::3]):
        absent.update(compare_run(truth, events, Shapes(listed, words), expect, tallies, naive))
    for probe in whole.args if "--partial" not in sys.argv else []:
        if not tallies[probe].fired and not areas.among(probe, elsewhere):
            tallies[probe].wrong.append("never fired")
        if probe in whole.refused:
            tallies[probe].wrong.append("a part of it was refused")
    if option("report"):
        report(option("report"), tallies, whole)
    wrong = sum(len(tally.wrong) for tally in tallies.values())
    if wrong or "-q" not in sys.argv:
        print_table(tallies, expect)
    for function, (hits, calls) in sorted(naive.items()):
        print(f"uprobe at the first byte of {function}: {hits} hits of {calls} calls")
    for probe in sorted(absent - set(whole.args)):
        print(f"not in this file: {probe}")
    fired = sum(1 for tally in tallies.values() if tally.fired)
    print(f"{fired} probes fired, {sum(t.fired for t in tallies.values())} events, "
          f"{sum(t.compared for t in tallies.values())} values compared, {wrong} mismatches")
    sys.exit(1 if wrong else 0)


main()
