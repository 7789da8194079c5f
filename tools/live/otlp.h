/* SPDX-License-Identifier: MIT */
/* Spans and metrics as OTLP's JSON (opentelemetry-proto, "JSON Protobuf Encoding"). */
#ifndef LIVE_OTLP_H
#define LIVE_OTLP_H

#include "base/buf.h"
#include "live/metrics.h"
#include "live/semconv.h"
#include "live/traceparent.h"

/* key=value of a resource. */
struct resource_pair {
	char *key, *value;
};

/* Whom the spans and metrics come from. */
struct otlp_resource {
	const char *service, *host;
	const char *instance;   /* service.instance.id; or NULL */
	const char *executable; /* path, or NULL */
	int pid;                /* 0 = not one process */
	const char *container, *pod; /* ids, or NULL */
	const struct resource_pair *pairs; /* of the user; they replace service and host */
	size_t npairs;
};

struct otlp_span {
	uint8_t trace_id[TRACE_ID], span_id[SPAN_ID], parent_id[SPAN_ID];
	bool has_parent, sampled;
	uint64_t start_ns, end_ns; /* CLOCK_REALTIME */
	uint64_t goid;
	const struct description *what;
};

/* Appends one span; the caller puts commas between several. */
void otlp_put_span(struct buf *out, const struct otlp_span *span);

/* Appends {"resource":...,"scopeSpans":[...]} around spans that were put in `spans`. */
void otlp_put_resource_spans(struct buf *out, const struct otlp_resource *resource,
			     const struct buf *spans);

/* Appends a whole request for /v1/metrics: all of them, cumulative since start_ns. */
void otlp_put_metrics(struct buf *out, const struct otlp_resource *resource,
		      struct metrics *metrics, uint64_t start_ns, uint64_t now_ns);

#endif
