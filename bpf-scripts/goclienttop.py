#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""goclienttop - Shows the hosts that a Go program makes HTTP requests of, and how they do.

USAGE: goclienttop.py [-n ROWS] [-i SECONDS] [-d SECONDS] FILE | -p PID

By host of the URL: requests, those with a status of 400 to 499 and of 500 and above, those that
failed without an answer, how many found a connection that was open already (many requests and few
REUSED mean that connections are made for each), mean and longest time until the answer's headers
came. Printed every interval, all since the start, the slowest in sum first.

PROBES: net_http:client_request_start, client_request_end; client_conn_get_end for REUSED

EXAMPLE: goclienttop.py -n 10 -i 5 ./shop
"""
import time

import gobcc

TEXT = r"""
struct open {
	u64 start;
	u32 reused;
	u32 host_len;
	char host[80];
};

struct host {
	u32 host_len;
	char host[80];
};

struct sums {
	u64 requests, refused, broken, failed, reused, ns, max_ns;
};

BPF_HASH(hosts, struct host, struct sums, 4096);
""" + gobcc.OPEN_TABLE

START = r"""
	WHO(who, 0);
	struct open open = { .start = bpf_ktime_get_ns() };

	TEXT(open.host, 5);
	KEEP(open);
"""

CONN = r"""
	WHO(who, 0);
	struct open *open = opens.lookup(&who);

	if (open)
		READ(open->reused, 3);
"""

END = r"""
	WHO(who, 0);
	OPENED(open);
	struct sums none = {}, *sums;
	u64 status = 0, type = 0, ns;
	struct host host = {};

	READ(status, 1);
	READ(type, 3);
	ns = bpf_ktime_get_ns() - open->start;
	host.host_len = open->host_len;
	__builtin_memcpy(host.host, open->host, sizeof(host.host));
	sums = hosts.lookup_or_try_init(&host, &none);
	if (sums) {
		__sync_fetch_and_add(&sums->requests, 1);
		__sync_fetch_and_add(&sums->refused, status >= 400 && status < 500);
		__sync_fetch_and_add(&sums->broken, status >= 500);
		__sync_fetch_and_add(&sums->failed, type != 0);
		__sync_fetch_and_add(&sums->reused, open->reused != 0);
		__sync_fetch_and_add(&sums->ns, ns);
		if (ns > sums->max_ns) /* two at once may hide each other's */
			sums->max_ns = ns;
	} else {
		tally(NO_ROOM);
	}
	opens.delete(&who);
"""


def main():
    tool = gobcc.Tool(__doc__, [gobcc.ROWS, gobcc.INTERVAL])
    tool.probe("net_http:client_request_start", START)
    tool.probe("net_http:client_conn_get_end", CONN, optional=True)
    tool.probe("net_http:client_request_end", END)

    def report():
        print(f"{time.strftime('%H:%M:%S')}\nREQUESTS      4XX      5XX   FAILED   REUSED "
              "   MEAN MS     MAX MS  HOST")
        rows = sorted(tool.bpf["hosts"].items(), reverse=True, key=lambda item: item[1].ns)
        for host, sums in rows[:tool.options.rows]:
            print(f"{sums.requests:8d} {sums.refused:8d} {sums.broken:8d} {sums.failed:8d} "
                  f"{sums.reused:8d} {sums.ns / max(sums.requests, 1) / 1e6:10.3f} "
                  f"{sums.max_ns / 1e6:10.3f}  {gobcc.field(host, 'host')}")

    tool.run(TEXT, "Outgoing HTTP requests", report=report, interval=tool.options.interval)


if __name__ == "__main__":
    main()
