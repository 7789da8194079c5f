/* SPDX-License-Identifier: MIT */
/* What goclientsnoop.bpf.c hands to goclientsnoop.c. */
#ifndef GOCLIENTSNOOP_H
#define GOCLIENTSNOOP_H

#include "bpf-scripts/common_event.h"

#define FLAG_ERRORS 1 /* only failures: status 400 and above, and errors */

enum connection { CONN_UNKNOWN, CONN_NEW, CONN_REUSED };

struct call {
	struct head head;   /* time of the start until it is over */
	__u64 duration;     /* ns until the response's headers are there */
	__u64 conn_since;
	__u64 conn_wait;    /* ns of it spent on getting a connection */
	__u64 connection;   /* enum connection */
	__u64 attempts;     /* connections asked for */
	__s64 status;
	__u64 failed;
	TEXT(16) method;
	TEXT(8) scheme;
	TEXT(64) host;
	TEXT(128) path;
	TEXT(128) error;
};

#endif
