#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""goioslower - Prints reads, writes and syncs of files that took a Go program long.

USAGE: goioslower.py [-m MS] [-d SECONDS] FILE | -p PID

A line comes when a call of os.File that took at least MS milliseconds (default 10; 0 for all) is
done: what it was (read, write, sync), the bytes done, at which offset (- where the file was), and
the name by which the file was opened. Time in the call is what the goroutine waited, whatever for:
the disk, or the other end of a pipe. Sockets are no files of package os.

PROBES: any of os:read, os:write, os:sync, each _start and _end

EXAMPLE: goioslower.py -m 1 -p 4711
"""
import gobcc

TEXT = gobcc.RING + r"""
struct open {
	u64 start;
	s64 offset;
	u32 name_len;
	char name[128];
};

struct slow {
	u64 time, goid, duration;
	s64 bytes, offset;
	u32 pid, kind, failed, name_len;
	char name[128];
};
""" + gobcc.OPEN_TABLE

START = r"""
	WHO(who, KIND);
	struct open open = { .start = bpf_ktime_get_ns(), .offset = -1 };

	TEXT(open.name, NAME);
	OFFSET
	KEEP(open);
"""

END = r"""
	WHO(who, KIND);
	OPENED(open);
	u64 now = bpf_ktime_get_ns(), type = 0;

	if (now - open->start < MIN_NS)
		goto done;
	EVENT(slow, slow);
	READ(type, ERROR);
	slow->bytes = 0;
	BYTES
	slow->offset = open->offset;
	slow->failed = type != 0;
	slow->name_len = open->name_len;
	__builtin_memcpy(slow->name, open->name, sizeof(slow->name));
	events.ringbuf_submit(slow, BPF_RB_NO_WAKEUP);
done:
	opens.delete(&who);
"""

# Argument of the name, text for offset and bytes, argument of the error.
CALLS = {
    "read": ("3", "READ(open.offset, 5);", "READ(slow->bytes, 1);", "2"),
    "write": ("3", "READ(open.offset, 5);", "READ(slow->bytes, 1);", "2"),
    "sync": ("2", "", "", "1"),
}


def main():
    tool = gobcc.Tool(__doc__, [(("-m",), {"dest": "ms", "type": gobcc.number, "default": 10,
                                           "metavar": "MS", "help": "calls of at least so long"})])
    minimum = str(int(tool.options.ms * 1e6))
    for kind, (call, (name, offset, size, error)) in enumerate(CALLS.items()):
        start = START.replace("KIND", str(kind)).replace("NAME", name).replace("OFFSET", offset)
        end = END.replace("KIND", str(kind)).replace("MIN_NS", minimum)
        end = end.replace("ERROR", error).replace("BYTES", size)
        tool.probe(f"os:{call}_start", start, optional=True)
        tool.probe(f"os:{call}_end", end, optional=True)

    def show(event):
        offset = event.offset if event.offset >= 0 else "-"
        print(f"{tool.head(event)} {list(CALLS)[event.kind]:5s} {event.duration / 1e6:10.3f} "
              f"{event.bytes:9d} {offset:>10}  {gobcc.field(event, 'name')}"
              f"{'  failed' if event.failed else ''}")

    tool.run(TEXT, "Calls for files", event=show,
             columns=f"{gobcc.HEAD} CALL          MS     BYTES     OFFSET  NAME")


if __name__ == "__main__":
    main()
