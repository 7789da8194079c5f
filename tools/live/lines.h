/* SPDX-License-Identifier: MIT */
/* Events as lines, for people or as JSON. */
#ifndef LIVE_LINES_H
#define LIVE_LINES_H

#include <time.h>

#include "tracer/session.h"
#include "tracer/symbolise.h"

struct lines {
	bool json;     /* docs/trace.schema.json */
	bool stacks;   /* the stack below each event */
	struct symboliser *symboliser; /* lines_free() */
	time_t second; /* whose text is in clock */
	char clock[32];
};

/* Appends the event with its newline, or several lines when there is a stack. */
void lines_put(struct lines *lines, struct buf *out, const struct event *event);
void lines_free(struct lines *lines);

#endif
