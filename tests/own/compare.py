# SPDX-License-Identifier: MIT
"""compare.py LIST TRUTH EVENTS [ABSENT]...: what probes trace --json printed against what the
program says it did, event by event with all values; ABSENT are probes that must not be there.
LIST is what `probes list` prints.
"""
import collections
import json
import sys


def plain(value):
    """An interface by the name of its type, as the program has it."""
    return value["type"] if isinstance(value, dict) else value


def main():
    listed, truth, events = ([line for line in open(name) if line.strip()]
                             for name in sys.argv[1:4])
    absent = set(sys.argv[4:])
    probes = {line.split("\t")[0] for line in listed}
    want, got = collections.Counter(), collections.Counter()
    for line in truth:
        event = json.loads(line)
        if event["probe"] not in absent:
            want[json.dumps([event["probe"], event["goid"], event["args"]],
                            sort_keys=True)] += 1
    for line in events:
        event = json.loads(line)
        args = {name: plain(value) for name, value in event["args"].items()}
        got[json.dumps([event["probe"], event["goid"], args], sort_keys=True)] += 1
    for text in (want - got):
        print("missing:", text)
    for text in (got - want):
        print("too much:", text)
    fired = {json.loads(text)[0] for text in got}
    if probes & absent or probes != fired:
        print("listed:", sorted(probes), "fired:", sorted(fired), "absent:", sorted(absent))
    elif want == got and want:
        print(f"{sum(got.values())} events of {len(fired)} probes as they were")
        return 0
    return 1


sys.exit(main())
