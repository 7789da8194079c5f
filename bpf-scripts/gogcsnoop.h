/* SPDX-License-Identifier: MIT */
/* What gogcsnoop.bpf.c hands to gogcsnoop.c. */
#ifndef GOGCSNOOP_H
#define GOGCSNOOP_H

#include "bpf-scripts/common_event.h"

struct cycle {
	struct head head;    /* goid: who set it off; time of the start until it is over */
	__u64 duration;      /* ns from gc_start to gc_end */
	__u64 number;        /* 1 for the first that was seen of the process */
	__u64 trigger;       /* 0 the heap, 1 time, 2 runtime.GC */
	__s64 percent;       /* GOGC */
	__u64 heap_start, heap_before, heap_live, goal; /* bytes */
	__u64 pauses[2];     /* ns the world stood still: before and after marking */
	__u64 assist, dedicated, fractional, idle; /* ns of processor time */
};

#endif
