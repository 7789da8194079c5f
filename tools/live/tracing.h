/* SPDX-License-Identifier: MIT */
/*
 * What the commands that trace (trace, top, hist, stacks, record, export) have in common:
 * "FILE|PID [PATTERN]... [-- COMMAND]", their options, and the loop around a session.
 */
#ifndef LIVE_TRACING_H
#define LIVE_TRACING_H

#include "options.h"
#include "tracer/session.h"

/* Entries for a command's option table; tracing_option() takes their ids. */
#define TRACING_OPTIONS \
	{ 'p', "pid", "PID", "only this process of FILE" }, \
	{ 'f', "filter", "CONDITION", "only events for which it holds, as in\n" \
	  "'status>=500 && uri~\"/api/*\"' or 'duration>10ms'" }, \
	{ 'd', "duration", "TIME", "end after 10s, 500ms, 5m ..." }, \
	{ TRACING_STRINGS, "strings", "BYTES", "keep this much of each string [128]" }, \
	{ TRACING_RING, "ring", "MB", "size of the ring buffer [16]" }

enum { TRACING_STRINGS = 0x200, TRACING_RING, TRACING_LAST };

struct tracing {
	const char *command_name;  /* "trace" */
	struct session_options session;
	uint64_t duration_ns;      /* 0 = until interrupted */
	char **command;            /* behind "--", NULL-terminated; or NULL */
	bool quiet;                /* no summary on stderr */
	/* Set by tracing_run() */
	struct session *run;
	int status;                /* wait status of the command */
};

/* True when `id` was one of TRACING_OPTIONS; a bad value gives an error. */
bool tracing_option(struct tracing *tracing, int id, const char *value, struct err **err_ret);

/* Takes the operands. `default_pattern`s are used when the user gave none (NULL = all). */
struct err *tracing_operands(struct tracing *tracing, const struct options *opts);

/*
 * Opens the session, starts the command, drops privileges, then polls until duration, signal
 * (INT, TERM), the end of the command, of the process, or tracing_stop(). Calls `on_event` for each
 * event and `on_tick`, which may be NULL, about every `tick_ms`. Prints the summary (events,
 * lost) to stderr.
 */
struct tracing_calls {
	session_event_fn *on_event;
	void (*on_tick)(void *context);
	int tick_ms;
	void *context;
};
struct err *tracing_run(struct tracing *tracing, const struct tracing_calls *calls);

/* Makes tracing_run() return after the current event. */
void tracing_stop(struct tracing *tracing);

#endif
