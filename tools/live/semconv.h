/* SPDX-License-Identifier: MIT */
/*
 * What an event is called in OpenTelemetry's semantic conventions: name, kind and attributes
 * of its span, and the metric it counts in. Probes that the conventions have no own words
 * for get the attribute names of their definitions (otel: in stdlib-probes/).
 */
#ifndef LIVE_SEMCONV_H
#define LIVE_SEMCONV_H

#include "live/lineage.h"
#include "live/metrics.h"
#include "tracer/session.h"

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3 }; /* as OTLP numbers */

enum { ATTRS_MAX = 24, SCRATCH = 6144 };

struct attr {
	const char *key;  /* static storage, or the definitions' */
	const char *text; /* NULL: .number is the value. Not terminated. */
	size_t len;
	int64_t number;
	bool is_bool;
	bool is_label;    /* the metric is told apart by it */
};

struct description {
	const char *name; /* of the span */
	size_t name_len;
	enum span_kind kind;
	bool skip;        /* nothing happened that is worth a span */
	bool failed;
	const char *message; /* why; NULL = not known */
	size_t message_len;
	struct attr attrs[ATTRS_MAX + 1]; /* the last takes what is too many */
	size_t nattrs;
	enum instrument instrument;
	char scratch[SCRATCH + 64]; /* texts that are made here */
	size_t used;
};

struct semconv {
	bool query_text;    /* db.query.text is handed out */
	bool no_error_text; /* errors' texts are not */
	const struct def_set *definitions; /* borrowed */
};

/*
 * Describes an event. `request` is what its goroutine worked for, or NULL. The texts of the
 * result are borrowed from the event, the request and the result itself.
 */
void semconv_describe(const struct semconv *semconv, const struct event *event,
		      const struct request *request, struct description *description_ret);

/* "SELECT" and "orders" of a statement; empty when they cannot be told. Both are at most
 * `size` long with their NUL. */
void semconv_statement(const char *text, size_t len, char *operation, char *collection,
		       size_t size);

#endif
