#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""goroutinestat - Shows what goroutines do, one line for each second.

USAGE: goroutinestat.py [-i SECONDS] [-d SECONDS] FILE | -p PID

As vmstat does for a machine: goroutines created and ended in the interval, GROWTH since the start
(one that only rises is a leak), and how often goroutines went to wait: for the network, in
channels and selects, for locks (mutexes, WaitGroups, Conds), asleep by time.Sleep, for the garbage
collector, and OTHER reasons. The kernel counts; nothing is handed out for each event.

PROBES: runtime:goroutine_create, goroutine_exit, goroutine_park

EXAMPLE: goroutinestat.py -p 4711
"""
import time

import gobcc

TEXT = r"""
BPF_ARRAY(counts, u64, 2); /* created, ended */
BPF_ARRAY(parks, u64, 64); /* by reason; 63 has what lies beyond */
"""

CREATE = "\ttally(SEEN);\n\tcounts.atomic_increment(0);"
EXIT = "\tcounts.atomic_increment(1);"
PARK = r"""
	u64 reason = 0;

	READ(reason, 1);
	parks.atomic_increment(reason < 63 ? reason : 63);
"""

# Numbers of runtime.waitReason, the same for every release of Go: docs/probes.md.
GROUPS = {
    "NETWORK": {2}, "CHANNEL": {3, 4, 14, 15, 42, 43}, "SELECT": {9, 10, 44},
    "LOCK": {18, 20, 27, 28, 29, 39, 46}, "SLEEP": {19},
    "GC": {1, 6, 7, 11, 12, 13, 16, 17, 23, 24, 30, 31, 38, 47},
}


class Report:
    """Prints what came in each interval."""

    def __init__(self, tool):
        self.tool = tool
        self.counts = self.parks = None
        self.growth = 0

    def __call__(self):
        if not self.counts:
            self.counts = gobcc.Cumulative(self.tool.bpf["counts"])
            self.parks = gobcc.Cumulative(self.tool.bpf["parks"])
        (created, ended), parks = self.counts.step(), self.parks.step()
        self.growth += created - ended
        groups = [sum(parks[reason] for reason in group) for group in GROUPS.values()]
        groups.append(sum(parks) - sum(groups))
        print(f"{time.strftime('%H:%M:%S')} {created:8d} {ended:8d} {self.growth:8d}  " +
              " ".join(f"{n:8d}" for n in groups))


def main():
    tool = gobcc.Tool(__doc__, [gobcc.INTERVAL])
    tool.probe("runtime:goroutine_create", CREATE)
    tool.probe("runtime:goroutine_exit", EXIT)
    tool.probe("runtime:goroutine_park", PARK)
    tool.run(TEXT, "Goroutines", report=Report(tool), interval=tool.options.interval,
             columns="TIME      CREATED    ENDED   GROWTH  " +
                     " ".join(f"{name:>8s}" for name in (*GROUPS, "OTHER")))


if __name__ == "__main__":
    main()
