/* SPDX-License-Identifier: MIT */
/* Turns events into spans and metrics and hands them on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "live/container.h"
#include "live/exporter.h"

#define SECOND UINT64_C(1000000000)

enum {
	BATCH_SPANS = 512,
	BATCH_BYTES = 1 << 20,
	BATCHES_KEPT = 64,   /* one a process */
	REMEMBER_S = 30,     /* requests that are over: for spans that began in them */
	ROUTE_BYTES = 256,
};

/* Spans of one process that wait to be sent. */
struct batch {
	int pid;
	struct buf spans;
	size_t n;
	struct container container;
};

struct exporter {
	struct exporter_options options;
	struct otlp_resource resource;
	char host[256], instance[37];
	struct metrics *metrics;
	struct sender *sender;       /* or NULL */
	struct session *watch;       /* or NULL */
	struct lineage *lineage;
	struct id_source ids;
	uint64_t watched_until_ns;   /* events of `watch` were read up to then */
	uint64_t started_ns;         /* CLOCK_REALTIME; the others are monotonic */
	uint64_t tick_ns, flushed_ns, reported_ns, forgot_ns;
	struct batch *batches;
	size_t nbatches, cap;
	struct description what;
};

/* A random UUID (RFC 9562, version 4). */
static void make_instance(struct exporter *exporter)
{
	uint8_t id[16];
	char text[33];

	id_next(&exporter->ids, id, sizeof(id));
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	id_hex(id, sizeof(id), text);
	snprintf(exporter->instance, sizeof(exporter->instance), "%.8s-%.4s-%.4s-%.4s-%.12s",
		 text, text + 8, text + 12, text + 16, text + 20);
}

struct exporter *exporter_new(const struct exporter_options *options, struct metrics *metrics,
			      struct sender *sender)
{
	struct exporter *exporter = mem_zalloc(sizeof(*exporter));

	exporter->options = *options;
	exporter->metrics = metrics;
	exporter->sender = sender;
	exporter->lineage = lineage_new(&exporter->ids, options->ratio);
	gethostname(exporter->host, sizeof(exporter->host) - 1);
	make_instance(exporter);
	exporter->resource = (struct otlp_resource){
		.service = options->service, .host = exporter->host,
		.instance = exporter->instance, .executable = options->executable,
		.pairs = options->pairs, .npairs = options->npairs,
	};
	exporter->started_ns = clock_ns(CLOCK_REALTIME);
	exporter->tick_ns = exporter->flushed_ns = exporter->reported_ns =
		clock_ns(CLOCK_MONOTONIC);
	return exporter;
}

void exporter_free(struct exporter *exporter)
{
	if (!exporter)
		return;
	session_free(exporter->watch);
	lineage_free(exporter->lineage);
	for (size_t i = 0; i < exporter->nbatches; i++)
		buf_free(&exporter->batches[i].spans);
	free(exporter->batches);
	free(exporter);
}

struct err *exporter_watch(struct exporter *exporter, const struct session_options *tracing)
{
	struct session_options options = {
		.file = tracing->file, .pid = tracing->pid, .patterns = lineage_patterns,
		.text_bytes = ROUTE_BYTES, .ring_bytes = tracing->ring_bytes,
	};
	struct err *err;

	while (lineage_patterns[options.npatterns])
		options.npatterns++;
	err = session_open(&options, &exporter->watch);
	if (!err || err->code != EXIT_NO_MATCH)
		return err;
	err_free(err);
	return NULL;
}

static void push(const struct event *event, void *context)
{
	lineage_push(context, event);
}

/* Reads what the other session saw until now. */
static void read_watch(struct exporter *exporter)
{
	exporter->watched_until_ns = clock_ns(CLOCK_MONOTONIC);
	if (exporter->watch)
		err_free(session_drain(exporter->watch, push, exporter->lineage));
}

static size_t labels_of(const struct description *what, struct label labels[LABELS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < what->nattrs && n < LABELS_MAX; i++)
		if (what->attrs[i].is_label)
			labels[n++] = (struct label){ what->attrs[i].key, what->attrs[i].text,
						      what->attrs[i].len,
						      what->attrs[i].number };
	return n;
}

static void count(struct exporter *exporter, const struct event *event)
{
	const struct description *what = &exporter->what;
	struct label labels[LABELS_MAX];
	size_t n = labels_of(what, labels);

	if (instruments[what->instrument].bounds)
		metrics_observe(exporter->metrics, what->instrument, labels, n,
				event->duration_ns);
	else
		metrics_add(exporter->metrics, what->instrument, labels, n, 1);
}

static bool is_request(const struct event *event)
{
	if (!event->start)
		return false;
	return (!strcmp(event->name, "server_request") && !strcmp(event->provider, "net_http")) ||
	       (!strcmp(event->name, "server_call") && !strcmp(event->provider, "net_rpc"));
}

/* The span of a request itself has the ids that its children were told. */
static void place(struct exporter *exporter, const struct request *request, bool itself,
		  struct otlp_span *span)
{
	if (!request) {
		id_next(&exporter->ids, span->trace_id, TRACE_ID);
		span->sampled = lineage_chosen(span->trace_id, exporter->options.ratio);
	} else {
		memcpy(span->trace_id, request->trace_id, TRACE_ID);
		span->sampled = request->sampled;
	}
	if (itself && request) {
		memcpy(span->span_id, request->span_id, SPAN_ID);
		memcpy(span->parent_id, request->parent_id, SPAN_ID);
		span->has_parent = request->has_parent;
		return;
	}
	id_next(&exporter->ids, span->span_id, SPAN_ID);
	span->has_parent = request != NULL;
	if (request)
		memcpy(span->parent_id, request->span_id, SPAN_ID);
}

static struct batch *batch_of(struct exporter *exporter, int pid)
{
	for (size_t i = 0; i < exporter->nbatches; i++)
		if (exporter->batches[i].pid == pid)
			return &exporter->batches[i];
	mem_grow(&exporter->batches, exporter->nbatches, &exporter->cap, sizeof(struct batch));
	struct batch *batch = &exporter->batches[exporter->nbatches++];

	*batch = (struct batch){ .pid = pid, .container = container_of(pid) };
	return batch;
}

static void send_batch(struct exporter *exporter, struct batch *batch)
{
	struct otlp_resource resource = exporter->resource;
	struct buf body = { 0 };

	if (!batch->n)
		return;
	resource.pid = batch->pid;
	resource.container = *batch->container.id ? batch->container.id : NULL;
	resource.pod = *batch->container.pod ? batch->container.pod : NULL;
	buf_printf(&body, "{\"resourceSpans\":[");
	otlp_put_resource_spans(&body, &resource, &batch->spans);
	buf_printf(&body, "]}");
	sender_put(exporter->sender, "/v1/traces", &body, batch->n);
	batch->spans.len = batch->n = 0;
}

/* Sends what waits. Batches of many processes are forgotten: most have ended by now. */
static void send_batches(struct exporter *exporter)
{
	for (size_t i = 0; i < exporter->nbatches; i++)
		send_batch(exporter, &exporter->batches[i]);
	if (exporter->nbatches <= BATCHES_KEPT)
		return;
	for (size_t i = 0; i < exporter->nbatches; i++)
		buf_free(&exporter->batches[i].spans);
	exporter->nbatches = 0;
}

static void add_span(struct exporter *exporter, const struct event *event,
		     const struct request *request, bool itself)
{
	struct otlp_span span = { .start_ns = event->time_ns - event->duration_ns,
				  .end_ns = event->time_ns, .goid = event->goid,
				  .what = &exporter->what };

	place(exporter, request, itself, &span);
	if (!span.sampled)
		return;
	struct batch *batch = batch_of(exporter, event->pid);

	if (batch->n++)
		buf_u8(&batch->spans, ',');
	otlp_put_span(&batch->spans, &span);
	if (batch->n >= BATCH_SPANS || batch->spans.len >= BATCH_BYTES)
		send_batch(exporter, batch);
}

void exporter_event(struct exporter *exporter, const struct event *event)
{
	uint64_t start = event->clock_ns - event->duration_ns;
	const struct request *request;
	bool itself = is_request(event);

	if (event->clock_ns >= exporter->watched_until_ns)
		read_watch(exporter);
	lineage_advance(exporter->lineage, event->clock_ns);
	request = itself ? lineage_own(exporter->lineage, event->pid, event->goid, start,
				       event->clock_ns) :
			   lineage_find(exporter->lineage, event->pid, event->goid, start);
	semconv_describe(&exporter->options.semconv, event, request, &exporter->what);
	if (exporter->what.skip)
		return;
	count(exporter, event);
	if (exporter->sender)
		add_span(exporter, event, request, itself);
}

static void report(struct exporter *exporter)
{
	struct buf body = { 0 };

	if (!exporter->sender)
		return;
	otlp_put_metrics(&body, &exporter->resource, exporter->metrics, exporter->started_ns,
			 clock_ns(CLOCK_REALTIME));
	sender_put(exporter->sender, "/v1/metrics", &body, 0);
}

static void set_counters(struct exporter *exporter, uint64_t lost)
{
	struct session_stats watch = { 0 };
	struct sender_stats sent;

	if (exporter->watch)
		session_stats(exporter->watch, &watch);
	metrics_set(exporter->metrics, EVENTS_LOST, lost + watch.lost);
	metrics_set(exporter->metrics, GOROUTINE_COUNT,
		    lineage_goroutines(exporter->lineage));
	if (!exporter->sender)
		return;
	sender_stats(exporter->sender, &sent);
	metrics_set(exporter->metrics, SPANS_EXPORTED, sent.spans);
	metrics_set(exporter->metrics, SPANS_DROPPED, sent.spans_dropped);
}

void exporter_tick(struct exporter *exporter, uint64_t lost)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), before = exporter->tick_ns;

	read_watch(exporter);
	/* What the session that traces saw before the last tick has been taken by now. */
	lineage_advance(exporter->lineage, before);
	exporter->tick_ns = now;
	set_counters(exporter, lost);
	if (now - exporter->flushed_ns >= SECOND) {
		send_batches(exporter);
		exporter->flushed_ns = now;
	}
	if (now - exporter->reported_ns >= exporter->options.interval_ns) {
		report(exporter);
		exporter->reported_ns = now;
	}
	if (now - exporter->forgot_ns >= 10 * SECOND) {
		lineage_forget(exporter->lineage, now - REMEMBER_S * SECOND);
		exporter->forgot_ns = now;
	}
}

void exporter_flush(struct exporter *exporter, uint64_t lost)
{
	read_watch(exporter);
	lineage_advance(exporter->lineage, UINT64_MAX);
	set_counters(exporter, lost);
	send_batches(exporter);
	report(exporter);
}
