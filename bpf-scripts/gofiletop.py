#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gofiletop - Shows the files that a Go program reads and writes most.

USAGE: gofiletop.py [-n ROWS] [-i SECONDS] [-d SECONDS] FILE | -p PID

Calls of os.File by the name with which the file was opened: reads and writes, their bytes, and the
time that goroutines spent in them. Printed every interval, all since the start, the busiest first.
The kernel sums; nothing is handed out for each call. Copies that the kernel makes (sendfile,
copy_file_range) are not seen.

PROBES: any of os:read, os:write, each _start and _end

EXAMPLE: gofiletop.py -n 20 -i 5 ./shop
"""
import time

import gobcc

TEXT = r"""
struct open {
	u64 start;
	u32 name_len;
	char name[96];
};

struct file {
	u32 name_len;
	char name[96];
};

struct sums {
	u64 reads, writes, read_bytes, written_bytes, ns;
};

BPF_HASH(files, struct file, struct sums, 16384);
""" + gobcc.OPEN_TABLE

START = r"""
	WHO(who, KIND);
	struct open open = { .start = bpf_ktime_get_ns() };

	TEXT(open.name, 3);
	KEEP(open);
"""

END = r"""
	WHO(who, KIND);
	OPENED(open);
	struct sums none = {}, *sums;
	struct file file = {};
	s64 bytes = 0;

	READ(bytes, 1);
	file.name_len = open->name_len;
	__builtin_memcpy(file.name, open->name, sizeof(file.name));
	sums = files.lookup_or_try_init(&file, &none);
	if (sums) {
		__sync_fetch_and_add(&sums->CALLS, 1);
		if (bytes > 0)
			__sync_fetch_and_add(&sums->BYTES, bytes);
		__sync_fetch_and_add(&sums->ns, bpf_ktime_get_ns() - open->start);
	} else {
		tally(NO_ROOM);
	}
	opens.delete(&who);
"""


def main():
    tool = gobcc.Tool(__doc__, [gobcc.ROWS, gobcc.INTERVAL])
    for kind, call, calls, size in ((0, "read", "reads", "read_bytes"),
                                    (1, "write", "writes", "written_bytes")):
        end = END.replace("KIND", str(kind)).replace("CALLS", calls).replace("BYTES", size)
        tool.probe(f"os:{call}_start", START.replace("KIND", str(kind)), optional=True)
        tool.probe(f"os:{call}_end", end, optional=True)

    def report():
        print(f"{time.strftime('%H:%M:%S')}\n   READS   WRITES    READ KB   WRITE KB "
              "        MS  NAME")
        rows = sorted(tool.bpf["files"].items(), reverse=True,
                      key=lambda item: item[1].read_bytes + item[1].written_bytes)
        for name, sums in rows[:tool.options.rows]:
            print(f"{sums.reads:8d} {sums.writes:8d} {sums.read_bytes / 1e3:10.1f} "
                  f"{sums.written_bytes / 1e3:10.1f} {sums.ns / 1e6:10.3f}  "
                  f"{gobcc.field(name, 'name')}")

    tool.run(TEXT, "Reads and writes of files", report=report, interval=tool.options.interval)


if __name__ == "__main__":
    main()
