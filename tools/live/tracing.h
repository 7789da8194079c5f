/* SPDX-License-Identifier: MIT */
/*
 * What the commands that trace (trace, top, hist, stacks, record, export) have in common:
 * "FILE|PID [PATTERN]... [-- COMMAND]", their options, and the loop around a session.
 */
#ifndef LIVE_TRACING_H
#define LIVE_TRACING_H

#include <stdbool.h>
#include <sys/types.h>

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
	struct session_options session;
	uint64_t duration_ns;      /* 0 = until interrupted */
	char **command;            /* behind "--", NULL-terminated; or NULL */
	bool quiet;                /* neither the line on attaching nor the summary */
	bool keep_ptrace;          /* CAP_SYS_PTRACE is not dropped: to read /proc of others */
	/* Set by tracing_run() */
	struct session *run;       /* while calls are made */
	int status;                /* wait status of the command */
	pid_t child;
	int pidfd;                 /* of the process; -1 = none */
	uint64_t handed;           /* events that on_event got */
	uint64_t interrupted_ns;   /* CLOCK_MONOTONIC: Ctrl-C came while a command runs */
	bool impatient;
	bool stopping;
	struct kin *kin;           /* processes that were seen, while a command runs */
};

/* Cuts "-- COMMAND" off the arguments, then starts parsing them: use it for options_start(). */
struct options tracing_options(struct tracing *tracing, const struct command_spec *spec, int argc,
			       char **argv);

/* True when `id` was one of TRACING_OPTIONS; a bad value gives an error. */
bool tracing_option(struct tracing *tracing, int id, const char *value, struct err **err_ret);

/*
 * Takes the operands: FILE, or PID (digits), or with -p PID perhaps neither, then patterns.
 * Without patterns, `defaults` (NULL-terminated; NULL = all probes) are used, as far as the
 * file or process has them.
 */
struct err *tracing_operands(struct tracing *tracing, const struct options *opts,
			     const char *const *defaults);

/* "10s", "500ms", "1.5m"; a bare number is seconds. False when it is none. */
bool tracing_time(const char *text, uint64_t *ns_ret);

struct tracing_calls {
	session_event_fn *on_event;
	void (*on_start)(void *context); /* attached, before the command runs; or NULL */
	void (*on_tick)(void *context);  /* after each turn of reading events; or NULL */
	void (*on_end)(void *context);   /* after the last turn, before detaching; or NULL */
	int tick_ms;                     /* longest time between two; 0 = 50 */
	void *context;
};

/*
 * Opens the session, starts the command, drops privileges, then reads events until the
 * duration is over, INT or TERM comes, the command or the process ends, or tracing_stop();
 * after Ctrl-C, which the command gets as well, until that ends or Ctrl-C comes again.
 * Of a command's file only events of the command and its descendants are handed on. Prints
 * what it attached to and a summary (events, lost) to stderr. tracing->run is valid within
 * the calls. The signals INT, TERM and CHLD stay blocked.
 */
struct err *tracing_run(struct tracing *tracing, const struct tracing_calls *calls);

/* Whether events of this process are handed on. */
bool tracing_wants(struct tracing *tracing, int pid);

/* Makes tracing_run() return after the current turn. */
void tracing_stop(struct tracing *tracing);

#endif
