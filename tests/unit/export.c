/* SPDX-License-Identifier: MIT */
/*
 * What `probes export` makes of texts and of the order of events: traceparent headers,
 * statements, Prometheus' format, and which goroutine works for which request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/container.h"
#include "live/lineage.h"
#include "live/metrics.h"
#include "live/semconv.h"
#include "live/traceparent.h"

static int failures;

/* The session's, which is not a part of this program. */
const struct value *event_value(const struct event *event, const char *name)
{
	for (size_t i = 0; i < event->nvalues; i++)
		if (!strcmp(event->values[i].name, name))
			return &event->values[i];
	return NULL;
}

#define CHECK(what, holds) \
	do { \
		if (!(holds)) { \
			printf("%s:%d: %s\n", __FILE__, __LINE__, what); \
			failures++; \
		} \
	} while (0)

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static void check_traceparents(void)
{
	static const struct { const char *text; int sampled; /* -1: not valid */ } cases[] = {
		{ "00-" TRACE "-" SPAN "-01", 1 }, { "00-" TRACE "-" SPAN "-00", 0 },
		{ "00-" TRACE "-" SPAN "-03", 1 }, { "00-" TRACE "-" SPAN "-01 \t", 1 },
		{ "cc-" TRACE "-" SPAN "-01", 1 }, { "cc-" TRACE "-" SPAN "-01-what", 1 },
		{ "00-" TRACE "-" SPAN "-01-what", -1 }, { "cc-" TRACE "-" SPAN "-01.what", -1 },
		{ "ff-" TRACE "-" SPAN "-01", -1 }, { "00-" TRACE "-" SPAN "-1", -1 },
		{ "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", -1 },
		{ "00-00000000000000000000000000000000-" SPAN "-01", -1 },
		{ "00-" TRACE "-0000000000000000-01", -1 }, { "", -1 }, { "00", -1 },
		{ "00-" TRACE "_" SPAN "-01", -1 }, { "00-" TRACE "-" SPAN "-0g", -1 },
	};
	struct traceparent parent;
	char hex[33];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool valid = traceparent_parse(cases[i].text, strlen(cases[i].text), &parent);

		CHECK(cases[i].text, valid == (cases[i].sampled >= 0));
		if (!valid)
			continue;
		CHECK(cases[i].text, parent.sampled == (cases[i].sampled == 1));
		id_hex(parent.trace_id, TRACE_ID, hex);
		CHECK(hex, !strcmp(hex, TRACE));
		id_hex(parent.span_id, SPAN_ID, hex);
		CHECK(hex, !strcmp(hex, SPAN));
	}
}

static void check_statements(void)
{
	static const struct { const char *text, *operation, *collection; } cases[] = {
		{ "SELECT * FROM goods WHERE id = ?", "SELECT", "goods" },
		{ "  select a, b\n\tfrom \"shop\".\"goods\"", "SELECT", "shop.goods" },
		{ "/* from nowhere */ SELECT 1", "SELECT", "" },
		{ "-- FROM a\nDELETE FROM carts", "DELETE", "carts" },
		{ "INSERT INTO orders (id) VALUES (1)", "INSERT", "orders" },
		{ "INSERT OR IGNORE INTO `orders` SELECT 1 FROM x", "INSERT", "orders" },
		{ "UPDATE ONLY stock SET n = 1", "UPDATE", "stock" },
		{ "CREATE TABLE IF NOT EXISTS t (a int)", "CREATE", "t" },
		{ "SELECT ' FROM secret ' FROM goods", "SELECT", "goods" },
		{ "SELECT n FROM (SELECT 1)", "SELECT", "" },
		{ "WITH a AS (SELECT 1 FROM b) SELECT 1", "WITH", "b" },
		{ "BEGIN", "BEGIN", "" }, { "hello world", "", "" }, { "", "", "" },
		{ "(SELECT 1 FROM a)", "SELECT", "a" }, { "SELECT 'open", "SELECT", "" },
		{ "/* never closed", "", "" }, { "UPDATE", "UPDATE", "" },
	};
	char operation[64], collection[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		char *exact = mem_dup(cases[i].text, len); /* a sanitizer sees its end */

		semconv_statement(exact, len, operation, collection, 64);
		free(exact);
		CHECK(cases[i].text, !strcmp(operation, cases[i].operation));
		CHECK(collection, !strcmp(collection, cases[i].collection));
	}
}

static void check_prometheus(void)
{
	struct metrics *metrics = metrics_new();
	struct label label = { "http.route", "/a\"\\\n\xff\xc3\xa9", 8, 0 };
	struct buf out = { 0 };

	metrics_observe(metrics, HTTP_SERVER_DURATION, &label, 1, 5000000);
	metrics_observe(metrics, HTTP_SERVER_DURATION, &label, 1, 5000001);
	buf_u8(&out, '\n');
	metrics_put_prometheus(metrics, &out);
	buf_u8(&out, 0);
	CHECK((char *)out.data, strstr((char *)out.data,
		"\nhttp_server_request_duration_seconds_bucket{"
		"http_route=\"/a\\\"\\\\\\n?\xc3\xa9\",le=\"0.005\"} 1\n"));
	CHECK((char *)out.data, strstr((char *)out.data, "le=\"0.01\"} 2\n"));
	CHECK((char *)out.data, strstr((char *)out.data, "le=\"+Inf\"} 2\n"));
	CHECK((char *)out.data, strstr((char *)out.data,
		"_sum{http_route=\"/a\\\"\\\\\\n?\xc3\xa9\"} 0.010000001\n"));
	buf_free(&out);
	metrics_free(metrics);
}

struct total {
	size_t series;
	uint64_t count, overflow;
};

static void add_up(void *context, enum instrument instrument, const struct series *series)
{
	struct total *total = context;

	if (instrument != EVENT_COUNT)
		return;
	total->series++;
	total->count += series->count;
	if (!strcmp(series->labels[0].key, "otel.metric.overflow"))
		total->overflow = series->count;
}

static void check_overflow(void)
{
	struct metrics *metrics = metrics_new();
	struct total total = { 0 };

	for (int round = 0; round < 2; round++)
		for (int64_t i = 0; i < SERIES_MAX + 50; i++) {
			struct label label = { "goprobes.probe", NULL, 0, i };

			metrics_add(metrics, EVENT_COUNT, &label, 1, 1);
		}
	metrics_each(metrics, add_up, &total);
	CHECK("series", total.series == SERIES_MAX + 1);
	CHECK("count", total.count == 2 * (SERIES_MAX + 50) && total.overflow == 100);
	metrics_free(metrics);
}

/* One event of the session that lineage_push() takes. */
static void push(struct lineage *lineage, const char *name, uint64_t goid, uint64_t at,
		 const char *text, uint64_t number)
{
	struct value values[] = {
		{ .name = "value", .kind = VALUE_STRING, .text = text, .len = strlen(text) },
		{ .name = "pattern", .kind = VALUE_STRING, .text = text, .len = strlen(text) },
		{ .name = "proto_major", .kind = VALUE_INT, .u = number },
		{ .name = "parent_goid", .kind = VALUE_UINT, .u = number },
	};
	struct event event = { .name = name, .provider = "net_http", .goid = goid, .pid = 1,
			       .clock_ns = at, .values = values, .nvalues = 4 };

	lineage_push(lineage, &event);
}

static bool in_trace(const struct request *request, const char *trace)
{
	char hex[33];

	if (!request)
		return false;
	id_hex(request->trace_id, TRACE_ID, hex);
	return !strcmp(hex, trace);
}

static void check_http1(struct lineage *lineage)
{
	push(lineage, "server_traceparent", 7, 100, "00-" TRACE "-" SPAN "-01", 1);
	push(lineage, "server_traceparent", 7, 101, "00-" TRACE "-" SPAN "-00", 1);
	push(lineage, "server_request_start", 7, 110, "", 0);
	push(lineage, "server_route", 7, 120, "GET /x", 0);
	push(lineage, "goroutine_create", 8, 130, "", 7);
	push(lineage, "goroutine_create", 9, 140, "", 8);
	push(lineage, "server_traceparent", 7, 150, "00-" SPAN SPAN "-" SPAN "-01", 1);
	push(lineage, "server_request_end", 7, 200, "", 0);
	push(lineage, "goroutine_create", 10, 210, "", 7);
	push(lineage, "server_request_start", 7, 300, "", 0);
	lineage_advance(lineage, 105);
	CHECK("nothing runs yet", !lineage_find(lineage, 1, 7, 105));
	lineage_advance(lineage, 1000);
	const struct request *own = lineage_own(lineage, 1, 7, 109, 199);

	CHECK("own trace, first header", in_trace(own, TRACE) && own->sampled && own->has_parent);
	CHECK("route", own && own->route && !strcmp(own->route, "GET /x"));
	CHECK("made while it runs", lineage_find(lineage, 1, 8, 160) == own);
	CHECK("made by one of these", lineage_find(lineage, 1, 9, 160) == own);
	CHECK("too late", !lineage_find(lineage, 1, 8, 250));
	CHECK("made after its end", !lineage_find(lineage, 1, 10, 215));
	CHECK("another process", !lineage_find(lineage, 2, 8, 160));
	own = lineage_own(lineage, 1, 7, 300, 400);
	CHECK("a header that a handler read", own && !own->has_parent && !in_trace(own, TRACE));
}

static void check_http2(struct lineage *lineage)
{
	push(lineage, "server_traceparent", 20, 2000, "00-" TRACE "-" SPAN "-00", 2);
	push(lineage, "goroutine_create", 21, 2010, "", 20);
	push(lineage, "goroutine_create", 22, 2020, "", 20);
	push(lineage, "server_request_start", 22, 2030, "", 0);
	push(lineage, "server_request_start", 21, 2025, "", 0); /* read late */
	lineage_advance(lineage, 2100);
	const struct request *own = lineage_own(lineage, 1, 21, 2025, 2050);

	CHECK("the next goroutine's", in_trace(own, TRACE) && !own->sampled);
	own = lineage_own(lineage, 1, 22, 2030, 2050);
	CHECK("not the one after it", own && !own->has_parent);
	CHECK("not the connection's", !lineage_find(lineage, 1, 20, 2040));
}

static void check_lineage(void)
{
	struct id_source ids = { 0 };
	struct lineage *lineage = lineage_new(&ids, 1);

	check_http1(lineage);
	check_http2(lineage);
	CHECK("remembered", lineage_size(lineage) == 6 && lineage_goroutines(lineage) == 5);
	push(lineage, "server_request_end", 7, 3000, "", 0);
	lineage_advance(lineage, 3000);
	lineage_forget(lineage, 4000);
	CHECK("forgotten but for open ones", lineage_size(lineage) == 2);
	lineage_free(lineage);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID_ "8f2c1d3e_0a1b_4c5d_8e9f_001122334455"
#define UID "8f2c1d3e-0a1b-4c5d-8e9f-001122334455"

static void check_containers(void)
{
	static const struct { const char *line, *id, *pod; } cases[] = {
		{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		  ".slice/cri-containerd-" ID ".scope\n", ID, UID },
		{ "0::/kubepods/besteffort/pod" UID "/" ID "\n", ID, UID },
		{ "12:pids:/docker/" ID "\n", ID, "" },
		{ "0::/../../kubelet-kubepods-pod" UID_ ".slice/crio-" ID ".scope", ID, UID },
		{ "0::/system.slice/ssh.service\n", NULL, "" }, { "0::/a" ID "\n", NULL, "" },
		{ "", NULL, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct container container = { 0 };
		bool found = container_parse(cases[i].line, &container);

		CHECK(cases[i].line, found == (cases[i].id != NULL));
		CHECK(container.id, !found || !strcmp(container.id, cases[i].id));
		CHECK(container.pod, !strcmp(container.pod, cases[i].pod));
	}
}

int main(void)
{
	check_containers();
	check_traceparents();
	check_statements();
	check_prometheus();
	check_overflow();
	check_lineage();
	return failures != 0;
}
