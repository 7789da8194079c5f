/* SPDX-License-Identifier: MIT */
/*
 * Turns events into spans and metrics and hands them on: to a sender (OTLP) and to what
 * Prometheus reads. All calls are made by the thread that traces.
 */
#ifndef LIVE_EXPORTER_H
#define LIVE_EXPORTER_H

#include "live/lineage.h"
#include "live/metrics.h"
#include "live/otlp.h"
#include "live/semconv.h"
#include "live/sender.h"

struct exporter_options {
	const char *service;    /* service.name */
	const char *executable; /* path of the program */
	const struct resource_pair *pairs;
	size_t npairs;
	uint64_t interval_ns;   /* between two reports of metrics */
	double ratio;           /* of traces that begin here, 0 to 1 */
	struct semconv semconv;
};

struct exporter;

/* `sender` may be NULL: no OTLP. All pointers are borrowed. */
struct exporter *exporter_new(const struct exporter_options *options, struct metrics *metrics,
			      struct sender *sender);
void exporter_free(struct exporter *exporter); /* NULL is fine */

/*
 * Attaches what tells which request a span belongs to, for the same file or process as
 * `tracing`. A program without such probes has spans without parents.
 */
struct err *exporter_watch(struct exporter *exporter, const struct session_options *tracing);

/* Takes an event of the session that traces, with its spans joined. */
void exporter_event(struct exporter *exporter, const struct event *event);

/* To be called several times a second; `lost` is what the session that traces lost. */
void exporter_tick(struct exporter *exporter, uint64_t lost);

/* Hands on all that is left. */
void exporter_flush(struct exporter *exporter, uint64_t lost);

#endif
