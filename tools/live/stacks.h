/* SPDX-License-Identifier: MIT */
/* What `probes stacks` adds up: its presets, values and labels. */
#ifndef LIVE_STACKS_H
#define LIVE_STACKS_H

#include "live/tracing.h"
#include "tracer/profile.h"

enum stacks_preset { STACKS_PATTERNS, STACKS_ALLOCATIONS, STACKS_LARGE, STACKS_BLOCKING,
		     STACKS_LOCKS, STACKS_CREATORS };
enum stacks_format { STACKS_TEXT, STACKS_PPROF, STACKS_FOLDED, STACKS_HTML };

struct stacks {
	struct tracing tracing;
	enum stacks_preset preset;
	const char *value;       /* NULL = number of events */
	const char *by[PROFILE_LABELS];
	bool has_by[PROFILE_LABELS]; /* an event has had it */
	size_t nby;
	uint64_t rate, most;
	bool whole;
	const char *out_path, *format_name;
	enum stacks_format format;
	struct symboliser *symboliser;
	struct profile profile;
	uint64_t seen;           /* events handed out */
	uint64_t without;        /* events that have no such value, or a negative one */
};

/* Takes the operands and fills in what a preset stands for. */
struct err *stacks_prepare(struct stacks *stacks, const struct options *opts);

/* Traces, and adds events to the profile until it is over. */
struct err *stacks_collect(struct stacks *stacks);

#endif
