/* SPDX-License-Identifier: MIT */
/* What gohttphist.bpf.c hands to gohttphist.c. */
#ifndef GOHTTPHIST_H
#define GOHTTPHIST_H

#include "bpf-scripts/common_event.h"

#define FLAG_PATH 1   /* by path instead of by route */
#define FLAG_STATUS 2 /* also by class of status */

#define SLOTS 32
#define KEYS_MAX 4096
#define ROUTE_SIZE 96
#define METHOD_SIZE 12

struct route {
	char method[METHOD_SIZE];
	__u32 status_class; /* 2 for 200 to 299; 0 without FLAG_STATUS */
	char text[ROUTE_SIZE];
};

struct latency {
	__u64 slots[SLOTS]; /* slot i: 2^i us and more */
	__u64 count, errors, sum_ns, max_ns;
};

#endif
