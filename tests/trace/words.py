# SPDX-License-Identifier: MIT
"""Turns the lines of `probes trace --json` back into the words that probes hand out.

words.py LIST <TRACE.json >EVENTS      as tests/truth/capture.c writes them, for compare.py
words.py --spans RAW.json SPANS.json   joins starts and ends of RAW by itself, as calls nest on
                                       a goroutine, and compares with what --spans has joined
"""
import collections
import json
import socket
import sys

# Which ends belong to which starts, where the names do not tell.
ENDS = {"net_http:server_request_end": "net_http:server_request_start",
        "runtime:goroutine_unpark": "runtime:goroutine_park"}
# Pairs that are not of one goroutine: found by an argument, or one at a time.
BY_ARGUMENT = {"runtime_trace:task_start": "id", "net_rpc:client_call_start": "call"}
ONE_AT_A_TIME = ("runtime:stw_start", "runtime:gc_start", "runtime_pprof:cpu_profile_start")


def number(value, enum):
    if isinstance(value, str) and enum:
        return {name["name"]: name["value"] for name in enum}[value]
    if isinstance(value, str):
        return int(value, 16)
    return int(value or 0)


def words_of(args, shape, cut):
    """The words by the list's arguments, and the texts among them."""
    words, texts, i = [], [], 1  # the first is the goroutine
    while i < len(shape):
        name, of, kind = shape[i]["name"], shape[i]["of"], shape[i]["type"]
        pair = i + 1 < len(shape) and shape[i + 1]["of"] == of and \
            shape[i + 1]["name"] in (name + "_len", name.replace("_type", "_data"))
        if not pair:
            words.append(number(args[name], shape[i].get("enum")))
            i += 1
            continue
        if kind == "uintptr":
            value = args[name[:-len("_type")]]
            words += [int(value[part], 16) for part in ("type_word", "data")] \
                if isinstance(value, dict) else [value is not None, 0]
        elif of in ("string", "[]byte"):
            # Next to an error, its text is a part of it.
            value = args.get(name, args.get(name[:-len("_text")]) if name.endswith("_text")
                             else None)
            value = value if isinstance(value, str) else ""
            data = socket.inet_aton(value) if name == "ip" and value else value.encode()
            words += [1, cut.get(name, cut.get(name[:-len("_text")], len(data)))]
            texts.append(data.hex() or "-")
        else:
            words += [args[name] is not None, number(args[name], None)]
        i += 2
    return words, texts


def to_words(list_path):
    with open(list_path, encoding="utf-8") as source:
        listed = json.load(source)["files"][0]["probes"]
    shapes = {f"{p['provider']}:{p['name']}": p["args"] for p in listed}
    for line in sys.stdin:
        event = json.loads(line)
        shape = shapes[event["probe"]]
        words, texts = words_of(event["args"], shape, event.get("cut", {}))
        unread = [name for name, value in event["args"].items() if value is None and
                  not any(a["name"] in (name, name + "_type") and a["type"] in
                          ("uintptr", "unsafe.Pointer") or a["name"] == name and
                          (name == "ip" or a["of"] not in ("string", "[]byte")) and
                          a["type"][0] == "*"
                          for a in shape)]
        if unread:
            print("unread 1 0")
        head = " ".join(f"{int(word) % (1 << 64):x}" for word in [event["goid"]] + words)
        print(f"{event['probe']} {head}" + "".join(f" / {text}" for text in texts))


def read(path):
    with open(path, encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def nanoseconds(event):
    """Within the day: runs are short."""
    clock = event["time"].split("T")[1].rstrip("Z")
    hours, minutes, seconds = clock.split(":")
    whole, part = seconds.split(".")
    return ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 10**9 + int(part)


def key(start_probe, event):
    if start_probe in ONE_AT_A_TIME:
        return start_probe, None
    if start_probe in BY_ARGUMENT:
        return start_probe, event["args"][BY_ARGUMENT[start_probe]]
    return start_probe, event["goid"] or event["tid"]


def join(events):
    """(start, end) of every span, and what is in none."""
    names = {event["probe"] for event in events}
    starts = {ENDS.get(name, name[:-len("_end")] + "_start") for name in names
              if name in ENDS or name.endswith("_end")}
    opened, spans, single = collections.defaultdict(list), [], []
    for event in events:
        probe = event["probe"]
        start = ENDS.get(probe, probe[:-len("_end")] + "_start" if probe.endswith("_end") else "")
        if probe in starts:
            opened[key(probe, event)].append(event)
        elif start and opened[key(start, event)]:
            spans.append((opened[key(start, event)].pop(), event))
        else:
            single.append(event)
    return spans, single


def compact(probe, goid, args):
    return json.dumps([probe, goid, args], sort_keys=True)


def of_span(start, end):
    name = start["probe"][:-len("_start")] if start["probe"].endswith("_start") else start["probe"]
    args = dict(start["args"])
    for arg, value in end["args"].items():
        args["end_" + arg if arg in start["args"] else arg] = value
    return compact(name, end["goid"], args)


def compare(raw_path, spans_path):
    spans, single = join(read(raw_path))
    wanted, durations = collections.Counter(), collections.defaultdict(list)
    for start, end in spans:
        wanted[of_span(start, end)] += 1
        durations[of_span(start, end)].append(nanoseconds(end) - nanoseconds(start))
    for event in single:
        wanted[compact(event["probe"], event["goid"], event["args"])] += 1
    got, wrong = collections.Counter(), []
    for event in read(spans_path):
        line = compact(event["probe"], event["goid"], event["args"])
        got[line] += 1
        if "duration_ns" in event and line in durations:
            near = min(abs(event["duration_ns"] - d) for d in durations[line])
            if near > 2_000_000:  # another tracer's program runs before or behind ours
                wrong.append(f"duration {event['duration_ns']}: {line}")
    wrong += [f"{n} too few: {line}" for line, n in (wanted - got).items()]
    wrong += [f"{n} too many: {line}" for line, n in (got - wanted).items()]
    if wrong:
        print("\n".join(wrong[:20]))
    print(f"{len(spans)} spans, {len(single)} single events, {len(wrong)} wrong")
    return bool(wrong) or not spans


if sys.argv[1] == "--spans":
    sys.exit(compare(sys.argv[2], sys.argv[3]))
to_words(sys.argv[1])
