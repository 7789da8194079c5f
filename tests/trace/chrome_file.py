# SPDX-License-Identifier: MIT
"""Reads a file in Chrome's trace event format as strictly as its readers, and more so.

What is checked follows from the format and from how Perfetto imports it: phases and their
fields, names and categories, one name for each track and one number for each track of all
processes, numbers that fit 32 bits and are neither 0 nor a process's, spans of a track that
nest, arrows with both ends at spans. Times are read as floating point and cut off to
nanoseconds, as importers do.
"""
import collections
import gzip
import json

Span = collections.namedtuple("Span", "start end event")


class Wrong(Exception):
    """The file breaks a rule."""


def rule(holds, what, event=None):
    if not holds:
        raise Wrong(f"{what}: {json.dumps(event)}" if event is not None else what)


def unique(pairs):
    keys = [key for key, _ in pairs]
    rule(len(keys) == len(set(keys)), "a key stands twice", keys)
    return dict(pairs)


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def nanoseconds(value, event):
    rule(isinstance(value, (int, float)) and not isinstance(value, bool), "no time", event)
    rule(value >= 0, "a time below 0", event)
    return int(value * 1000)


class Trace:
    """The events of a file that is in order: spans by track, arrows, names of tracks."""

    def __init__(self, path):
        opener = gzip.open if str(path).endswith(".gz") else open
        with opener(path, "rb") as file:
            self.json = json.loads(file.read().decode("utf-8"), object_pairs_hook=unique)
        rule(list(self.json)[0] == "traceEvents", "the events do not come first")
        self.tracks = {}  # (pid, tid): name
        self.processes = {}
        self.order = {}
        self.spans = []
        self.moments = []
        self.arrows = {"s": {}, "f": {}}
        for event in self.json["traceEvents"]:
            self.take(event)
        self.check_tracks()
        self.check_nesting()
        self.check_arrows()

    def take(self, event):
        phase = event.get("ph")
        rule(phase in ("M", "X", "i", "s", "f"), "an unknown phase", event)
        rule(is_int(event.get("pid")) and 0 < event["pid"] < 2**31, "pid", event)
        rule(isinstance(event.get("name"), str) and event["name"], "no name", event)
        if phase == "M":
            return self.take_metadata(event)
        rule(is_int(event.get("tid")) and 0 < event["tid"] < 2**31, "tid", event)
        rule(isinstance(event.get("cat"), str) and event["cat"], "no category", event)
        start = nanoseconds(event.get("ts"), event)
        if phase in "sf":
            rule(is_int(event.get("id")) and event["id"] > 0, "no id", event)
            rule(event["id"] not in self.arrows[phase], "an id twice", event)
            rule(phase == "s" or event.get("bp") == "e", "binds to the next span", event)
            self.arrows[phase][event["id"]] = (start, event, self.spans[-1])
            return None
        rule(isinstance(event.get("args"), dict), "no arguments", event)
        end = start
        if phase == "X":
            end = start + nanoseconds(event.get("dur"), event)
            self.spans.append(Span(start, end, event))
        else:
            rule(event.get("s") == "t" and "dur" not in event, "scope", event)
            self.moments.append(Span(start, end, event))
        return None

    def take_metadata(self, event):
        name, args = event["name"], event["args"]
        if name == "process_name":
            rule(event["pid"] not in self.processes, "a process has two names", event)
            self.processes[event["pid"]] = args["name"]
            return
        track = event["pid"], event["tid"]
        if name == "thread_name":
            rule(track not in self.tracks, "a track has two names", event)
            self.tracks[track] = args["name"]
        else:
            rule(name == "thread_sort_index" and is_int(args["sort_index"]), "metadata", event)
            self.order[track] = args["sort_index"]

    def check_tracks(self):
        numbers = [tid for _, tid in self.tracks]
        rule(len(numbers) == len(set(numbers)), "two tracks have one number")
        rule(not set(numbers) & set(self.processes), "a track has the number of a process")
        rule(set(self.order) == set(self.tracks), "tracks without a place")
        rule(len(set(self.order.values())) == len(self.order), "two tracks at one place")
        for span in self.spans + self.moments:
            event = span.event
            rule((event["pid"], event["tid"]) in self.tracks, "a track without a name", event)
            rule(event["pid"] in self.processes, "a process without a name", event)

    def check_nesting(self):
        tracks = collections.defaultdict(list)
        for span in self.spans:  # in the order of the file where times are equal
            tracks[span.event["pid"], span.event["tid"]].append(span)
        for spans in tracks.values():
            stack = []
            for span in sorted(spans, key=lambda span: span.start):
                while stack and stack[-1].end <= span.start:
                    stack.pop()
                rule(not stack or span.end <= stack[-1].end, "not nested",
                     [span.event, stack[-1].event if stack else None])
                stack.append(span)
            rule(len(spans) > 0, "no spans")

    def check_arrows(self):
        rule(set(self.arrows["s"]) == set(self.arrows["f"]), "an arrow with one end")
        for phase in "sf":
            for start, event, span in self.arrows[phase].values():
                rule(start == span.start and event["tid"] == span.event["tid"] and
                     event["pid"] == span.event["pid"], "an end without its span", event)
        for ident, (start, event, _) in self.arrows["s"].items():
            rule(start < self.arrows["f"][ident][0], "an arrow back in time", event)

    def named(self, prefix):
        """Spans whose name starts so, in the order of their ends."""
        found = [span for span in self.spans if span.event["name"].startswith(prefix)]
        return sorted(found, key=lambda span: span.event["args"].get("event", {}).get("ended", ""))

    def track(self, span):
        return self.tracks[span.event["pid"], span.event["tid"]]
