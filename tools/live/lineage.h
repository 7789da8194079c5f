/* SPDX-License-Identifier: MIT */
/*
 * Which request of a server a goroutine works for at a moment, by events alone.
 *
 * A request starts with net_http:server_request_start (net_rpc:server_call_start) on a
 * goroutine and ends with its _end there. Goroutines that are made while it runs, by its own
 * goroutine or by one that works for it, work for it too. Its traceparent came just before:
 * HTTP/1 on the same goroutine, HTTP/2 on the connection's, whose next goroutine_create
 * makes the handler's. These events come one by one from a session of their own, and are
 * taken in step with the spans of the other one: lineage_advance() before lineage_find().
 * All times are of CLOCK_MONOTONIC (event.clock_ns).
 */
#ifndef LIVE_LINEAGE_H
#define LIVE_LINEAGE_H

#include "live/traceparent.h"
#include "tracer/session.h"

struct request {
	uint8_t trace_id[TRACE_ID], span_id[SPAN_ID], parent_id[SPAN_ID];
	bool has_parent; /* it came with a traceparent */
	bool sampled;
	uint64_t start_ns, end_ns; /* end 0: not over */
	uint64_t goid;    /* of the goroutine that it started on */
	char *route;      /* pattern of the ServeMux, or NULL */
	char *error;      /* what net/rpc answered, or NULL */
	unsigned users;
};

struct lineage;

/* The patterns of the session whose events lineage_push() takes; NULL-terminated. */
extern const char *const lineage_patterns[];

/* `ids` is borrowed. Of requests without a traceparent, `ratio` (0 to 1) are sampled. */
struct lineage *lineage_new(struct id_source *ids, double ratio);
void lineage_free(struct lineage *lineage); /* NULL is fine */

/* Takes a copy of an event of the session with lineage_patterns. */
void lineage_push(struct lineage *lineage, const struct event *event);

/* Lets happen what was pushed up to that moment. */
void lineage_advance(struct lineage *lineage, uint64_t until_ns);

/* The request that goroutine `goid` worked for at that moment, or NULL. Borrowed until the
 * next call of another function. */
const struct request *lineage_find(struct lineage *lineage, int pid, uint64_t goid,
				   uint64_t start_ns);

/* The request whose own span this is: it began on that goroutine in that span of time. */
const struct request *lineage_own(struct lineage *lineage, int pid, uint64_t goid,
				  uint64_t start_ns, uint64_t end_ns);

/* Forgets what was over before that moment. */
void lineage_forget(struct lineage *lineage, uint64_t before_ns);

/* Whether a new trace with this id is sampled. */
bool lineage_chosen(const uint8_t *trace_id, double ratio);

uint64_t lineage_goroutines(const struct lineage *lineage); /* created so far */
size_t lineage_size(const struct lineage *lineage);         /* goroutines remembered */

#endif
