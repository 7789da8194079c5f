#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gohttpstat - Shows rates and latency of a Go HTTP server, one line for each second.

USAGE: gohttpstat.py [-i SECONDS] [-d SECONDS] FILE | -p PID

As vmstat does for a machine: requests that were answered in the interval, by class of their
status (2XX to 5XX; OTHER has the rest, as status 0 of HTTP/2 handlers that write nothing), their
mean, median and 99th percentile in ms (to an eighth), and OPEN, the requests that are being worked
on: begun since the tool was started and neither answered nor given up. The kernel counts; nothing
is handed out for each request.

PROBES: net_http:server_request_start, server_request_end; for OPEN also server_conn_end and
server_h2_stream_end, which tell of handlers that panicked or took the connection over

EXAMPLE: gohttpstat.py -i 5 -p 4711
"""
import time

import gobcc

TEXT = gobcc.FINE_SLOT + r"""
struct open {
	u64 start;
};

/* 0 to 4: OTHER, 2XX, 3XX, 4XX, 5XX; then ns, begun, ended in any way */
BPF_ARRAY(counts, u64, 8);
BPF_ARRAY(slots, u64, 512);
""" + gobcc.OPEN_TABLE

START = r"""
	WHO(who, 0);
	struct open open = { .start = bpf_ktime_get_ns() };

	KEEP(open);
	counts.atomic_increment(6);
"""

END = r"""
	WHO(who, 0);
	OPENED(open);
	u64 status = 0, ns;

	READ(status, 1);
	ns = bpf_ktime_get_ns() - open->start;
	status /= 100;
	counts.atomic_increment(status >= 2 && status <= 5 ? status - 1 : 0);
	counts.atomic_increment(5, ns);
	counts.atomic_increment(7);
	slots.atomic_increment(fine_slot(ns / 1000));
	opens.delete(&who);
"""

GONE = r"""
	WHO(who, 0);

	if (opens.lookup(&who)) {
		counts.atomic_increment(7);
		opens.delete(&who);
	}
"""


class Report:
    """Prints what came in each interval."""

    def __init__(self, tool):
        self.tool = tool
        self.counts = self.slots = None
        self.open = 0

    def __call__(self):
        if not self.counts:
            self.counts = gobcc.Cumulative(self.tool.bpf["counts"])
            self.slots = gobcc.Cumulative(self.tool.bpf["slots"])
        counts, slots = self.counts.step(), self.slots.step()
        done = sum(counts[:5])
        self.open += counts[6] - counts[7]
        mean = counts[5] / done / 1e6 if done else 0
        p50, p99 = (gobcc.quantile(slots, part) / 1e3 for part in (0.5, 0.99))
        print(f"{time.strftime('%H:%M:%S')} {done:8d} " +
              "".join(f"{counts[i]:8d}" for i in (1, 2, 3, 4, 0)) +
              f" {mean:9.3f} {p50:9.3f} {p99:9.3f} {self.open:6d}")


def main():
    tool = gobcc.Tool(__doc__, [gobcc.INTERVAL])
    tool.probe("net_http:server_request_start", START)
    tool.probe("net_http:server_request_end", END)
    tool.probe("net_http:server_conn_end", GONE, optional=True)
    tool.probe("net_http:server_h2_stream_end", GONE, optional=True)
    tool.run(TEXT, "HTTP requests", report=Report(tool), interval=tool.options.interval,
             columns="TIME     REQUESTS      2XX     3XX     4XX     5XX   OTHER   "
                     "MEAN MS    P50 MS    P99 MS   OPEN")


if __name__ == "__main__":
    main()
