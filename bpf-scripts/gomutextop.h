/* SPDX-License-Identifier: MIT */
/* What gomutextop.bpf.c hands to gomutextop.c. */
#ifndef GOMUTEXTOP_H
#define GOMUTEXTOP_H

#include "bpf-scripts/common_event.h"

#define KEYS_MAX 16384

struct place {
	__u64 mutex;
	__u64 callers[2]; /* return addresses: of the runtime's slow path, and of its caller */
	__u32 pid;
	__u32 unused;
};

struct waits {
	__u64 count, sum_ns, max_ns;
};

#endif
