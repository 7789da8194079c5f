/* SPDX-License-Identifier: MIT */
/* A bpftrace script that shows what probes say, with their arguments by name and type. */
#ifndef TOOLS_BPFTRACE_H
#define TOOLS_BPFTRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "target.h"

/* What every bpftrace reads; from 0.24 on, all that a probe has (libbpf's limit). */
enum { BPFTRACE_LAST_ARG = 5, BPFTRACE_MAX_ARG = 11 };

struct bpftrace_options {
	int last_arg; /* number of the highest argN that the bpftrace at hand reads */
	bool spans;   /* X_end also tells the time since X_start; a histogram of each pair */
	bool hist;    /* the same without a line for each hit: counts and histograms */
	int pid;      /* only this process, for the line of usage; 0 = all */
};

/*
 * Appends the script for the target's selected probes, in the language that bpftrace 0.17
 * and later have in common. Errors: a file name that bpftrace has no way to write; no
 * selected probe that it can read (EXIT_NO_MATCH).
 */
struct err *bpftrace_script(struct buf *out, const struct target *target,
			    const struct bpftrace_options *options);

#endif
