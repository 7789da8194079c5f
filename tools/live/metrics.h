/* SPDX-License-Identifier: MIT */
/*
 * Counters and histograms with labels, in bounded numbers: what Prometheus reads and what is
 * sent as OTLP metrics. One thread may add while another prints.
 */
#ifndef LIVE_METRICS_H
#define LIVE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum instrument {
	HTTP_SERVER_DURATION,
	HTTP_CLIENT_DURATION,
	DB_CLIENT_DURATION,
	RPC_SERVER_DURATION,
	RPC_CLIENT_DURATION,
	DNS_LOOKUP_DURATION,
	TLS_HANDSHAKE_DURATION,
	WORLD_STOP_DURATION,
	SPAN_DURATION,     /* of what has no instrument of its own */
	EVENT_COUNT,       /* of probes without a duration */
	GOROUTINE_COUNT,
	EVENTS_LOST,
	SPANS_EXPORTED,
	SPANS_DROPPED,
	NINSTRUMENTS,
};

struct instrument_spec {
	const char *name;       /* OpenTelemetry: "http.server.request.duration" */
	const char *prometheus; /* "http_server_request_duration_seconds" */
	const char *unit;       /* "s", "{event}" */
	const char *help;
	const double *bounds;   /* seconds, ascending; NULL: a counter */
	size_t nbounds;
};

extern const struct instrument_spec instruments[NINSTRUMENTS];

struct label {
	const char *key;  /* OpenTelemetry attribute; static storage */
	const char *text; /* NULL: .number is the value */
	size_t len;
	int64_t number;
};

enum { SERIES_MAX = 2000, LABELS_MAX = 6, BOUNDS_MAX = 14 };

struct series {
	struct label *labels; /* owned with their texts */
	size_t nlabels;
	uint64_t count, buckets[BOUNDS_MAX + 1];
	double sum;
};

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics); /* NULL is fine */

/*
 * A duration, of a histogram. Above SERIES_MAX combinations of labels, further ones are
 * counted together in one with the label otel.metric.overflow.
 */
void metrics_observe(struct metrics *metrics, enum instrument instrument,
		     const struct label *labels, size_t nlabels, uint64_t duration_ns);
void metrics_add(struct metrics *metrics, enum instrument instrument,
		 const struct label *labels, size_t nlabels, uint64_t n);
/* Gives a counter without labels its value. */
void metrics_set(struct metrics *metrics, enum instrument instrument, uint64_t value);

/* Calls `visit` for every series, in order of their instruments, while none can change. */
void metrics_each(struct metrics *metrics,
		  void (*visit)(void *context, enum instrument instrument,
				const struct series *series),
		  void *context);

/* Appends all as Prometheus' text format, version 0.0.4. */
void metrics_put_prometheus(struct metrics *metrics, struct buf *out);

#endif
