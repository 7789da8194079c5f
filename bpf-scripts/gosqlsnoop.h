/* SPDX-License-Identifier: MIT */
/* What gosqlsnoop.bpf.c hands to gosqlsnoop.c. */
#ifndef GOSQLSNOOP_H
#define GOSQLSNOOP_H

#include "bpf-scripts/common_event.h"

#define FLAG_ERRORS 1 /* only what failed */
#define FLAG_ALL 2    /* also what has no rows and changes nothing: see the probes */

enum operation { QUERY, EXEC, STMT_QUERY, STMT_EXEC, PREPARE, BEGIN, COMMIT, ROLLBACK, PING };

struct statement {
	struct head head; /* kind: enum operation; time of the start until it is over */
	__u64 duration;   /* ns */
	__u64 failed;
	__u64 nargs;      /* of a prepared statement */
	TEXT(256) query;
	TEXT(128) error;  /* empty for errors whose text is not known */
};

#endif
