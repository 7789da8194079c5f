#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""godnssnoop - Prints each look-up of a host name in a Go program.

USAGE: godnssnoop.py [-e] [-m MS] [-d SECONDS] FILE | -p PID

A line comes when the look-up is done: how long it took, how many addresses were found, and the
name. Go's own resolver and the system's are both seen, for dials, LookupIP and LookupHost (CALL
host). Addresses given as text end at once. -e prints only look-ups that fail.

PROBES: any of net:dns and net:lookup_host, each _start and _end

EXAMPLE: godnssnoop.py -m 100 ./shop
"""
import gobcc

TEXT = gobcc.RING + r"""
struct open {
	u64 start;
	u32 host_len;
	char host[128];
};

struct lookup {
	u64 time, goid, duration;
	s64 found;
	u32 pid, kind, failed, host_len;
	char host[128];
};
""" + gobcc.OPEN_TABLE

START = r"""
	WHO(who, KIND);
	struct open open = { .start = bpf_ktime_get_ns() };

	TEXT(open.host, HOST);
	KEEP(open);
"""

END = r"""
	WHO(who, KIND);
	OPENED(open);
	u64 now = bpf_ktime_get_ns(), type = 0;

	READ(type, 2);
	if (now - open->start < MIN_NS || (ERRORS && !type))
		goto done;
	EVENT(lookup, lookup);
	READ(lookup->found, 1);
	lookup->failed = type != 0;
	lookup->host_len = open->host_len;
	__builtin_memcpy(lookup->host, open->host, sizeof(lookup->host));
	events.ringbuf_submit(lookup, BPF_RB_NO_WAKEUP);
done:
	opens.delete(&who);
"""


def main():
    tool = gobcc.Tool(__doc__, [
        (("-e",), {"dest": "errors", "action": "store_true", "help": "only those that fail"}),
        (("-m",), {"dest": "ms", "type": gobcc.number, "default": 0, "metavar": "MS",
                   "help": "look-ups of at least so long"})])
    end = END.replace("MIN_NS", str(int(tool.options.ms * 1e6)))
    end = end.replace("ERRORS", str(int(tool.options.errors)))
    for kind, (probe, host) in enumerate((("dns", "3"), ("lookup_host", "1"))):
        tool.probe(f"net:{probe}_start",
                   START.replace("KIND", str(kind)).replace("HOST", host), optional=True)
        tool.probe(f"net:{probe}_end", end.replace("KIND", str(kind)), optional=True)

    def show(event):
        print(f"{tool.head(event)} {'host' if event.kind else 'ip':4s} "
              f"{event.duration / 1e6:10.3f} {event.found:5d}  {gobcc.field(event, 'host')}"
              f"{'  failed' if event.failed else ''}")

    tool.run(TEXT, "Look-ups of host names", event=show,
             columns=f"{gobcc.HEAD} CALL         MS FOUND  HOST")


if __name__ == "__main__":
    main()
