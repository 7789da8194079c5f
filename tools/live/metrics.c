/* SPDX-License-Identifier: MIT */
/* Counters and histograms with labels, in bounded numbers. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "live/metrics.h"

/* The boundaries that the semantic conventions advise for each kind of duration. */
static const double request_bounds[] = {
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
};
static const double db_bounds[] = { 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10 };
/* For what is shorter: none are advised. */
static const double short_bounds[] = {
	0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10,
};

#define BOUNDS(bounds) bounds, sizeof(bounds) / sizeof(bounds[0])

const struct instrument_spec instruments[NINSTRUMENTS] = {
	[HTTP_SERVER_DURATION] = { "http.server.request.duration",
		"http_server_request_duration_seconds", "s",
		"Duration of HTTP server requests.", BOUNDS(request_bounds) },
	[HTTP_CLIENT_DURATION] = { "http.client.request.duration",
		"http_client_request_duration_seconds", "s",
		"Duration of HTTP client requests.", BOUNDS(request_bounds) },
	[DB_CLIENT_DURATION] = { "db.client.operation.duration",
		"db_client_operation_duration_seconds", "s",
		"Duration of database client operations.", BOUNDS(db_bounds) },
	[RPC_SERVER_DURATION] = { "rpc.server.call.duration",
		"rpc_server_call_duration_seconds", "s",
		"Duration of inbound remote procedure calls.", BOUNDS(request_bounds) },
	[RPC_CLIENT_DURATION] = { "rpc.client.call.duration",
		"rpc_client_call_duration_seconds", "s",
		"Duration of outbound remote procedure calls.", BOUNDS(request_bounds) },
	[DNS_LOOKUP_DURATION] = { "dns.lookup.duration", "dns_lookup_duration_seconds", "s",
		"Duration of DNS lookups.", BOUNDS(request_bounds) },
	[TLS_HANDSHAKE_DURATION] = { "goprobes.tls.handshake.duration",
		"goprobes_tls_handshake_duration_seconds", "s",
		"Duration of TLS handshakes.", BOUNDS(request_bounds) },
	[WORLD_STOP_DURATION] = { "goprobes.go.stop_the_world.duration",
		"goprobes_go_stop_the_world_duration_seconds", "s",
		"Time from the wish to stop the world until it goes on.",
		BOUNDS(short_bounds) },
	[SPAN_DURATION] = { "goprobes.span.duration", "goprobes_span_duration_seconds", "s",
		"Duration of spans by their probe.", BOUNDS(short_bounds) },
	[EVENT_COUNT] = { "goprobes.events", "goprobes_events_total", "{event}",
		"Hits of probes without a duration.", NULL, 0 },
	[GOROUTINE_COUNT] = { "goprobes.go.goroutines.created",
		"goprobes_go_goroutines_created_total", "{goroutine}",
		"Goroutines created while traced.", NULL, 0 },
	[EVENTS_LOST] = { "goprobes.events.lost", "goprobes_events_lost_total", "{event}",
		"Events that did not fit in the ring buffer.", NULL, 0 },
	[SPANS_EXPORTED] = { "goprobes.spans.exported", "goprobes_spans_exported_total",
		"{span}", "Spans that the OTLP endpoint took.", NULL, 0 },
	[SPANS_DROPPED] = { "goprobes.spans.dropped", "goprobes_spans_dropped_total",
		"{span}", "Spans that could not be delivered.", NULL, 0 },
};

struct family {
	struct series **series;
	size_t n, cap;
	size_t *table; /* open addressing: index + 1 */
	struct series *overflow;
};

struct metrics {
	pthread_mutex_t mutex;
	struct family families[NINSTRUMENTS];
};

enum { TABLE = 4096 }; /* twice SERIES_MAX, and a power of two */
_Static_assert(TABLE > 2 * SERIES_MAX, "the table never fills");

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	for (const uint8_t *at = bytes; len--; at++)
		hash = (hash ^ *at) * 0x100000001b3u;
	return hash;
}

static size_t hash_labels(const struct label *labels, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++) {
		hash = mix(hash, labels[i].key, strlen(labels[i].key) + 1);
		if (labels[i].text)
			hash = mix(hash, labels[i].text, labels[i].len);
		else
			hash = mix(hash, &labels[i].number, sizeof(labels[i].number));
	}
	return (size_t)(hash ^ hash >> 32);
}

static bool same_label(const struct label *a, const struct label *b)
{
	if (strcmp(a->key, b->key) || !a->text != !b->text)
		return false;
	if (!a->text)
		return a->number == b->number;
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static bool same_labels(const struct series *series, const struct label *labels, size_t n)
{
	if (series->nlabels != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_label(&series->labels[i], &labels[i]))
			return false;
	return true;
}

static struct series *new_series(struct family *family, const struct label *labels, size_t n)
{
	struct series *series = mem_zalloc(sizeof(*series));

	series->labels = mem_dup(labels, n * sizeof(*labels));
	series->nlabels = n;
	for (size_t i = 0; i < n; i++)
		if (labels[i].text)
			series->labels[i].text = mem_strndup(labels[i].text, labels[i].len);
	mem_grow(&family->series, family->n, &family->cap, sizeof(struct series *));
	family->series[family->n++] = series;
	return series;
}

static struct series *series_of(struct family *family, const struct label *labels, size_t n)
{
	static const struct label overflow = { "otel.metric.overflow", "true", 4, 0 };
	size_t at = hash_labels(labels, n) % TABLE;

	if (!family->table)
		family->table = mem_zalloc(TABLE * sizeof(*family->table));
	for (; family->table[at]; at = (at + 1) % TABLE)
		if (same_labels(family->series[family->table[at] - 1], labels, n))
			return family->series[family->table[at] - 1];
	if (family->n < SERIES_MAX) {
		family->table[at] = family->n + 1;
		return new_series(family, labels, n);
	}
	if (!family->overflow)
		family->overflow = new_series(family, &overflow, 1);
	return family->overflow;
}

void metrics_observe(struct metrics *metrics, enum instrument instrument,
		     const struct label *labels, size_t nlabels, uint64_t duration_ns)
{
	const struct instrument_spec *spec = &instruments[instrument];
	double seconds = (double)duration_ns / 1e9;
	size_t bucket = 0;

	while (bucket < spec->nbounds && seconds > spec->bounds[bucket])
		bucket++;
	pthread_mutex_lock(&metrics->mutex);
	struct series *series = series_of(&metrics->families[instrument], labels, nlabels);

	series->count++;
	series->buckets[bucket]++;
	series->sum += seconds;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_add(struct metrics *metrics, enum instrument instrument,
		 const struct label *labels, size_t nlabels, uint64_t n)
{
	pthread_mutex_lock(&metrics->mutex);
	series_of(&metrics->families[instrument], labels, nlabels)->count += n;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_set(struct metrics *metrics, enum instrument instrument, uint64_t value)
{
	pthread_mutex_lock(&metrics->mutex);
	series_of(&metrics->families[instrument], NULL, 0)->count = value;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_each(struct metrics *metrics,
		  void (*visit)(void *context, enum instrument instrument,
				const struct series *series),
		  void *context)
{
	pthread_mutex_lock(&metrics->mutex);
	for (int i = 0; i < NINSTRUMENTS; i++)
		for (size_t j = 0; j < metrics->families[i].n; j++)
			visit(context, (enum instrument)i, metrics->families[i].series[j]);
	pthread_mutex_unlock(&metrics->mutex);
}

struct printer {
	struct buf *out;
	int last; /* instrument whose head was printed */
};

static void put_label_value(struct buf *out, const struct label *label)
{
	if (!label->text) {
		buf_printf(out, "%" PRId64, label->number);
		return;
	}
	for (size_t i = 0, n; i < label->len; i += n ? n : 1) {
		const char *at = &label->text[i];

		n = utf8_len(at, label->len - i);
		if (*at == '\n')
			buf_put(out, "\\n", 2);
		else if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else
			buf_put(out, n ? at : "?", n ? n : 1);
	}
}

/* {http_request_method="GET",le="0.5"}; `le` may be NULL. */
static void put_labels(struct buf *out, const struct series *series, const char *le)
{
	if (!series->nlabels && !le)
		return;
	buf_u8(out, '{');
	for (size_t i = 0; i < series->nlabels; i++) {
		buf_printf(out, "%s", i ? "," : "");
		for (const char *c = series->labels[i].key; *c; c++)
			buf_u8(out, *c == '.' ? '_' : (uint8_t)*c);
		buf_printf(out, "=\"");
		put_label_value(out, &series->labels[i]);
		buf_u8(out, '"');
	}
	if (le)
		buf_printf(out, "%sle=\"%s\"", series->nlabels ? "," : "", le);
	buf_u8(out, '}');
}

static void print_series(void *context, enum instrument instrument, const struct series *series)
{
	const struct instrument_spec *spec = &instruments[instrument];
	struct printer *printer = context;
	struct buf *out = printer->out;
	uint64_t total = 0;

	if (printer->last != (int)instrument)
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", spec->prometheus, spec->help,
			   spec->prometheus, spec->bounds ? "histogram" : "counter");
	printer->last = (int)instrument;
	for (size_t i = 0; spec->bounds && i <= spec->nbounds; i++) {
		char *le = i < spec->nbounds ? mem_printf("%g", spec->bounds[i])
					     : mem_strdup("+Inf");

		total += series->buckets[i];
		buf_printf(out, "%s_bucket", spec->prometheus);
		put_labels(out, series, le);
		buf_printf(out, " %" PRIu64 "\n", total);
		free(le);
	}
	if (spec->bounds) {
		buf_printf(out, "%s_sum", spec->prometheus);
		put_labels(out, series, NULL);
		buf_printf(out, " %.9g\n%s_count", series->sum, spec->prometheus);
	} else {
		buf_printf(out, "%s", spec->prometheus);
	}
	put_labels(out, series, NULL);
	buf_printf(out, " %" PRIu64 "\n", series->count);
}

void metrics_put_prometheus(struct metrics *metrics, struct buf *out)
{
	struct printer printer = { out, -1 };

	metrics_each(metrics, print_series, &printer);
}

struct metrics *metrics_new(void)
{
	struct metrics *metrics = mem_zalloc(sizeof(*metrics));

	pthread_mutex_init(&metrics->mutex, NULL);
	return metrics;
}

static void free_series(struct series *series)
{
	for (size_t i = 0; i < series->nlabels; i++)
		free((char *)series->labels[i].text);
	free(series->labels);
	free(series);
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (int i = 0; i < NINSTRUMENTS; i++) {
		struct family *family = &metrics->families[i];

		for (size_t j = 0; j < family->n; j++)
			free_series(family->series[j]);
		free(family->series);
		free(family->table);
	}
	pthread_mutex_destroy(&metrics->mutex);
	free(metrics);
}
