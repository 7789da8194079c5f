/* SPDX-License-Identifier: MIT */
/*
 * Events as a file in Chrome's trace event format (JSON), which Perfetto and chrome://tracing
 * open. Each goroutine is a track, as is the garbage collector, the stopped world, and what
 * runs on no goroutine.
 *
 * What the format and its readers ask for, and what is done here:
 *
 *	- Times are microseconds, read as floating point: they count from the file's first event,
 *	  with three decimals, so that nanoseconds survive.
 *	- Spans of one track must nest: see tracer/lanes.h.
 *	- Perfetto keeps a track's number (tid) in 32 bits, looks names up by it without asking
 *	  for the process, and takes 0 and the process's own number for something else. A
 *	  goroutine's id is its track's number where that is safe; others get a free number from
 *	  TRACK_FIRST on. The name always has the id.
 *	- An arrow starts and ends at a span, whose time it has; the span stands before it in the
 *	  file. A goroutine is woken while its wait is still drawn, so the arrow goes to a span
 *	  of its own within the wait: from being runnable to running.
 *	- Numbers that a double cannot hold are strings.
 */
#ifndef TRACER_CHROME_H
#define TRACER_CHROME_H

#include "tracer/session.h"

#define TRACK_FIRST 0x40000000u

enum chrome_mark {
	CHROME_FAILED = 1,
	CHROME_TRIGGER = 2, /* of the flight recorder */
};

/* The function at address `pc` of the event's process, or NULL. Borrowed. */
typedef const char *chrome_symbol_fn(const struct event *event, uint64_t pc, void *context);

/* Takes a piece of the file. */
typedef struct err *chrome_put_fn(const void *bytes, size_t len, void *context);

struct chrome;

/*
 * `symbol` may be NULL. What began before `from` (CLOCK_REALTIME in ns) is drawn from there;
 * its arguments say when it began. The caller owns the result.
 */
struct chrome *chrome_new(chrome_symbol_fn *symbol, void *context, uint64_t from);
void chrome_free(struct chrome *chrome); /* NULL is fine */

/* Adds an event, of which nothing is borrowed; an open one is drawn to the end. Roughly in the
 * order of time; what wakes a goroutine comes before the end of the wait. */
void chrome_add(struct chrome *chrome, const struct event *event, unsigned marks);

/* When the recording ended (CLOCK_REALTIME in ns), to which what is open is drawn; without it,
 * to the end of the last event. */
void chrome_until(struct chrome *chrome, uint64_t time);

/* Marks what the recording was written for, by `text`, above all tracks of the process; with
 * pid 0, of the first one. CLOCK_REALTIME in ns. */
void chrome_mark_cause(struct chrome *chrome, int pid, uint64_t start, uint64_t end,
		       const char *text);

/* Adds `key: text` to what the file says about itself. */
void chrome_note(struct chrome *chrome, const char *key, const char *text);

size_t chrome_count(const struct chrome *chrome); /* events added */
bool chrome_has_process(const struct chrome *chrome, int pid); /* whether one is of it */
/* Between the first event's start and the last one's end, both CLOCK_REALTIME in ns; 0, 0
 * when there are none. */
void chrome_times(const struct chrome *chrome, uint64_t *start_ret, uint64_t *end_ret);

/* Hands out the whole file, piece by piece; an error of `put` ends it and is returned. Once. */
struct err *chrome_write(struct chrome *chrome, chrome_put_fn *put, void *context);

/* What an event is called there: waits by their reason, "server_request GET /x" ... */
void chrome_put_label(struct buf *out, const struct event *event);
/* 2026-11-21T15:04:05.123456789Z, of CLOCK_REALTIME in ns. */
void chrome_put_moment(struct buf *out, uint64_t time);

#endif
