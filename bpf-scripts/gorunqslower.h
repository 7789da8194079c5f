/* SPDX-License-Identifier: MIT */
/* What gorunqslower.bpf.c hands to gorunqslower.c. */
#ifndef GORUNQSLOWER_H
#define GORUNQSLOWER_H

#include "bpf-scripts/common_event.h"

enum cause { WOKEN, CREATED, YIELDED, PREEMPTED };

struct delay {
	struct head head; /* kind: enum cause */
	__u64 duration;   /* ns */
	__u64 by;         /* goroutine that woke or made it */
	__u64 start_pc;   /* of its function */
};

#endif
