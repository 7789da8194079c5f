/* SPDX-License-Identifier: MIT */
/* What gohttpsnoop.bpf.c hands to gohttpsnoop.c. */
#ifndef GOHTTPSNOOP_H
#define GOHTTPSNOOP_H

#include "bpf-scripts/common_event.h"

#define FLAG_ERRORS 1 /* only failures: 5xx, and requests without an answer */

struct request {
	struct head head;  /* time of the start until it is over */
	__u64 duration;    /* ns */
	__s64 status;      /* -1: no answer, the handler panicked or took over the connection */
	__s64 written;     /* bytes of the body */
	__s64 received;    /* Content-Length of the request; -1 = not known */
	__u64 proto_major;
	TEXT(16) method;
	TEXT(128) uri;
	TEXT(64) host;
	TEXT(64) remote;
};

#endif
