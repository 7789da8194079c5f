/* SPDX-License-Identifier: MIT */
/* What the BPF programs of bpf-scripts/ and their fronts say to each other. */
#ifndef BPF_SCRIPTS_COMMON_EVENT_H
#define BPF_SCRIPTS_COMMON_EVENT_H

#include <linux/types.h>

/* Length of a text that could not be read, because its page was not in memory. */
#define TEXT_UNREAD 0xffffffffu

/* Every event starts with this. */
struct head {
	__u64 time; /* ns of CLOCK_MONOTONIC */
	__u64 goid;
	__u32 pid;  /* as the tool's pid namespace has it */
	__u32 kind; /* of the tool's own */
};

/* A string argument: `len` as in the program, of which `bytes` hold the beginning. */
#define TEXT(SIZE) struct { __u32 len; char bytes[SIZE]; }

/* Set by the front before the program is loaded. */
struct settings {
	__u64 pidns_dev, pidns_ino; /* of the tool's pid namespace */
	__u64 min_ns;               /* events that took less are left out */
	__u64 wake_bytes;           /* that wait in the ring before the front is woken */
	__u64 flags;                /* of the tool's own */
};

enum counter {
	COUNT_LOST,      /* events for which the ring had no room */
	COUNT_UNMATCHED, /* ends whose start was not seen */
	COUNT_NO_ROOM,   /* starts or keys for which a table had no room */
	COUNT_SEEN,      /* pairs that were seen, whether or not shown */
	COUNTERS
};

#endif
