/* SPDX-License-Identifier: MIT */
/* "FILE|PID [PATTERN]...": the probes that such operands of a command select. */
#ifndef TOOLS_TARGET_H
#define TOOLS_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "options.h"
#include "tracer/listing.h"

struct target {
	const char *name;            /* FILE or PID as it was given, borrowed like patterns */
	const char *const *patterns;
	int npatterns;
	bool process;                /* else a file */
	int pid;                     /* of the process */
	struct listing **listings;   /* the file; of a process, its files with such probes */
	size_t nlistings, cap;
	size_t nall;                 /* probes before patterns */
	bool go;                     /* the program itself is written in Go */
};

/*
 * Reads the probes of the operands behind the options. A name of digits only is a process.
 * The caller gives *target to target_free(), also after an error.
 */
struct err *target_read(struct target *target, const struct options *opts);
void target_free(struct target *target);

/* Whether `name` is all digits, and which process it then is. */
bool target_is_pid(const char *name, int *pid_ret);

/* EXIT_NO_MATCH, with what to do about it, when no probe is selected. */
struct err *target_check(const struct target *target);

#endif
