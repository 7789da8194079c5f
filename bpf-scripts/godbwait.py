#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""godbwait - Prints waits of a Go program for a database connection.

USAGE: godbwait.py [-m MS] [-d SECONDS] FILE | -p PID

database/sql keeps a pool of connections. A line comes when the pool gave one, or an error,
after at least MS milliseconds (default 1): the connections that were open when the wait began
and the most there may be (- for no limit). Waits with OPEN at its MAX mean that the pool is too
small or that rows or transactions are not closed; others are connections being made. At the
end, a histogram of all waits, also of those not printed.

PROBES: database_sql:conn_wait_start, conn_wait_end

EXAMPLE: godbwait.py -m 10 ./shop
"""
import gobcc

TEXT = gobcc.RING + r"""
struct open {
	u64 start;
	s64 num_open, max_open;
};

struct wait {
	u64 time, goid, duration;
	s64 num_open, max_open;
	u32 pid, kind, failed;
};

BPF_HISTOGRAM(waits, int, 64);
""" + gobcc.OPEN_TABLE

START = r"""
	WHO(who, 0);
	struct open open = { .start = bpf_ktime_get_ns() };

	READ(open.num_open, 1);
	READ(open.max_open, 2);
	KEEP(open);
"""

END = r"""
	WHO(who, 0);
	OPENED(open);
	u64 now = bpf_ktime_get_ns(), type = 0;

	waits.atomic_increment(bpf_log2l((now - open->start) / 1000));
	if (now - open->start < MIN_NS)
		goto done;
	EVENT(wait, wait);
	READ(type, 1);
	wait->num_open = open->num_open;
	wait->max_open = open->max_open;
	wait->failed = type != 0;
	events.ringbuf_submit(wait, BPF_RB_NO_WAKEUP);
done:
	opens.delete(&who);
"""


def main():
    tool = gobcc.Tool(__doc__, [(("-m",), {"dest": "ms", "type": gobcc.number, "default": 1,
                                           "metavar": "MS", "help": "waits of at least so long"})])
    tool.probe("database_sql:conn_wait_start", START)
    tool.probe("database_sql:conn_wait_end", END.replace("MIN_NS", str(int(tool.options.ms * 1e6))))

    def show(event):
        limit = event.max_open if event.max_open > 0 else "-"
        print(f"{tool.head(event)} {event.duration / 1e6:10.3f} {event.num_open:5d} {limit:>5} "
              f"{'error' if event.failed else ''}".rstrip())

    tool.run(TEXT, "Waits for database connections", event=show,
             columns=f"{gobcc.HEAD}         MS  OPEN   MAX",
             report=lambda: tool.bpf["waits"].print_log2_hist("us"))


if __name__ == "__main__":
    main()
