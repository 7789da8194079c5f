/* SPDX-License-Identifier: MIT */
/*
 * One run of tracing: the probes of a file or process that patterns select are attached, and
 * every hit comes back decoded. With `spans`, X_start and X_end (and the other pairs of
 * tracer/pairs.h) on one goroutine are joined in the kernel into one event with a duration.
 *
 *	session_open(&options, &session)      attached
 *	while (!done) session_poll(session, 100, on_event, context)
 *	session_stats(session, &stats)
 *	session_free(session)                 detached
 */
#ifndef TRACER_SESSION_H
#define TRACER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tracer/listing.h"
#include "tracer/value.h"

struct session_options {
	const char *file;   /* program or library with probes; NULL with a pid: its program and
			     * the libraries it maps */
	int pid;            /* only this process; 0 = all of the file, also later ones */
	const char *const *patterns; /* "provider:name" with globs; none = all probes */
	int npatterns;
	const char *filter; /* tracer/filter.h; NULL = all events */
	bool spans;         /* a filter that names `duration` needs it */
	bool stacks;        /* return addresses with each event */
	unsigned text_bytes; /* most that is kept of a string; 0 = 128 */
	size_t ring_bytes;  /* power of two; 0 = 16 MiB */
	size_t max_spans;   /* that can be open at a time; 0 = 16384, fewer with long texts */
	const char *when;   /* flight recorder: keep events in the kernel until this condition
			     * holds for one; NULL = hand out every event. Needs keep_bytes. */
	size_t keep_bytes;  /* flight recorder: size of its ring; 0 = no flight recorder */
};

/* A probe of the session; several sites. */
struct session_probe {
	const struct list_probe *listed;
	const struct listing *listing; /* the file it is in */
	unsigned index; /* 0 .. session_nprobes() - 1 */
	bool ends_span; /* with spans: its hit without a start is the end of what began earlier */
};

/* A span, or one hit of a probe that is in no pair or came without its partner. */
struct event {
	uint64_t time_ns;     /* CLOCK_REALTIME; of a span, its end */
	uint64_t clock_ns;    /* the same as CLOCK_MONOTONIC: alike in all sessions */
	uint64_t duration_ns; /* of a span, else 0 */
	const char *provider; /* "net_http" */
	const char *name;     /* "server_request_end"; of a span "server_request" */
	const struct session_probe *probe;  /* that fired; of a span, its end */
	const struct session_probe *start;  /* of a span; else NULL */
	uint64_t goid;        /* 0 = none */
	int pid, tid;
	bool open;            /* of session_recorded(): the start of a span that is not over */
	const struct value *values; /* without the goroutine id; of a span, first the start's,
				     * then the end's, called end_NAME where both have NAME */
	size_t nvalues;
	const uint64_t *frames; /* with stacks: addresses, innermost first. The first is in the
				 * probed function, the others are return addresses. */
	size_t nframes;
	uint64_t func_addr;   /* of the probed function in its file (not in the process);
			       * 0 = unknown */
};

struct session_stats {
	uint64_t events;       /* handed out */
	uint64_t filtered;     /* seen by the tracer but left out by the filter there */
	uint64_t lost;         /* the ring was full */
	uint64_t lost_starts;  /* ends whose start was not seen (too early, or too many open) */
	uint64_t kept;         /* events that the flight recorder's ring has room for */
	size_t probes, sites, files;
	bool multi;            /* attached by uprobe_multi links (Linux 6.6) */
};

struct session;

/*
 * Reads the files' notes, compiles the conditions, loads the BPF program and attaches. The
 * options' strings must outlive the session. Errors: EXIT_NO_MATCH when no probe is
 * selected; a condition that is wrong; what the kernel refuses, with what is missing.
 */
struct err *session_open(const struct session_options *options, struct session **session_ret);
void session_free(struct session *session); /* NULL is fine */

typedef void session_event_fn(const struct event *event, void *context);

/*
 * Waits up to timeout_ms for events and hands out those there are, oldest first; the event
 * is valid within the call. A signal ends the wait early, which is no error.
 */
struct err *session_poll(struct session *session, int timeout_ms, session_event_fn *fn,
			 void *context);

/*
 * Hands out, without waiting for more, every event of before the call, also those that other
 * processors are about to write: waits for these, but no longer than some milliseconds.
 */
struct err *session_drain(struct session *session, session_event_fn *fn, void *context);

void session_stats(struct session *session, struct session_stats *stats_ret);
size_t session_nprobes(const struct session *session);
const struct session_probe *session_probe_at(const struct session *session, size_t index);

/*
 * Flight recorder: whether the condition has held (session_poll() notices it), or
 * session_freeze() was called. Writing to the ring goes on until session_freeze().
 */
bool session_triggered(const struct session *session);
struct err *session_freeze(struct session *session);
void session_thaw(struct session *session); /* goes on, and waits for the condition again */
/* What the ring of a frozen recorder holds, oldest first, and spans that are still open (as
 * events of their start, without duration). */
struct err *session_recorded(struct session *session, session_event_fn *fn, void *context);

/* The value of this name, or NULL. */
const struct value *event_value(const struct event *event, const char *name);

/* The values that say that something failed: an error that is not nil, or for HTTP a status
 * of 500 and above (of a client: 400). NULL when nothing failed. */
const struct value *event_failure(const struct event *event);

#endif
