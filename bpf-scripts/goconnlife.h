/* SPDX-License-Identifier: MIT */
/* What goconnlife.bpf.c hands to goconnlife.c. */
#ifndef GOCONNLIFE_H
#define GOCONNLIFE_H

#include "bpf-scripts/common_event.h"

struct life {
	struct head head;  /* kind: 1 HTTP/1, 2 HTTP/2; time of the start until it is over */
	__u64 duration;    /* ns */
	__u64 busy;        /* ns within handlers (HTTP/1) */
	__u64 busy_since;
	__u64 requests;
	__u64 written;     /* bytes of the bodies of answers (HTTP/1) */
	__u64 hijacked;    /* a handler took the connection over */
	TEXT(64) remote;
};

#endif
