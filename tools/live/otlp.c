/* SPDX-License-Identifier: MIT */
/* Spans and metrics as OTLP's JSON: 64-bit integers are strings, ids hexadecimal digits. */
#include <inttypes.h>
#include <string.h>

#include "live/otlp.h"
#include "tracer/value.h"
#include "version.h"

static void put_text(struct buf *out, const char *text)
{
	buf_put(out, text, strlen(text));
}

static void put_string_attr(struct buf *out, const char *key, const char *text, size_t len)
{
	put_text(out, "{\"key\":");
	value_put_json_string(out, key, strlen(key));
	put_text(out, ",\"value\":{\"stringValue\":");
	value_put_json_string(out, text, len);
	put_text(out, "}}");
}

static void put_int_attr(struct buf *out, const char *key, int64_t number)
{
	buf_printf(out, "{\"key\":\"%s\",\"value\":{\"intValue\":\"%" PRId64 "\"}}", key, number);
}

static void put_attr(struct buf *out, const struct attr *attr)
{
	if (attr->text)
		put_string_attr(out, attr->key, attr->text, attr->len);
	else if (attr->is_bool)
		buf_printf(out, "{\"key\":\"%s\",\"value\":{\"boolValue\":%s}}", attr->key,
			   attr->number ? "true" : "false");
	else
		put_int_attr(out, attr->key, attr->number);
}

static void put_status(struct buf *out, const struct description *what)
{
	if (!what->failed)
		return;
	put_text(out, ",\"status\":{\"code\":2");
	if (what->message) {
		put_text(out, ",\"message\":");
		value_put_json_string(out, what->message, what->message_len);
	}
	put_text(out, "}");
}

void otlp_put_span(struct buf *out, const struct otlp_span *span)
{
	const struct description *what = span->what;
	char id[2 * TRACE_ID + 1];

	id_hex(span->trace_id, TRACE_ID, id);
	buf_printf(out, "{\"traceId\":\"%s\"", id);
	id_hex(span->span_id, SPAN_ID, id);
	buf_printf(out, ",\"spanId\":\"%s\"", id);
	if (span->has_parent) {
		id_hex(span->parent_id, SPAN_ID, id);
		buf_printf(out, ",\"parentSpanId\":\"%s\"", id);
	}
	buf_printf(out, ",\"flags\":%d,\"name\":", span->sampled);
	value_put_json_string(out, what->name, what->name_len);
	buf_printf(out, ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64 "\","
		   "\"endTimeUnixNano\":\"%" PRIu64 "\",\"attributes\":[", (int)what->kind,
		   span->start_ns, span->end_ns);
	put_int_attr(out, "goprobes.goroutine.id", (int64_t)span->goid);
	for (size_t i = 0; i < what->nattrs; i++) {
		put_text(out, ",");
		put_attr(out, &what->attrs[i]);
	}
	put_text(out, "]");
	put_status(out, what);
	put_text(out, "}");
}

/* One attribute of a resource, unless the user gave it. */
static void put_own(struct buf *out, const struct otlp_resource *resource, const char *key,
		    const char *text)
{
	for (size_t i = 0; i < resource->npairs; i++)
		if (!strcmp(resource->pairs[i].key, key))
			return;
	if (!text)
		return;
	put_text(out, ",");
	put_string_attr(out, key, text, strlen(text));
}

static void put_resource(struct buf *out, const struct otlp_resource *resource)
{
	const char *path = resource->executable, *slash = path ? strrchr(path, '/') : NULL;

	put_text(out, "{\"resource\":{\"attributes\":[");
	put_string_attr(out, "service.name", resource->service, strlen(resource->service));
	put_own(out, resource, "service.instance.id", resource->instance);
	put_own(out, resource, "host.name", resource->host);
	put_own(out, resource, "process.executable.name", slash ? slash + 1 : path);
	put_own(out, resource, "process.executable.path", path);
	put_own(out, resource, "container.id", resource->container);
	put_own(out, resource, "k8s.pod.uid", resource->pod);
	put_own(out, resource, "telemetry.sdk.language", "go");
	put_own(out, resource, "telemetry.distro.name", "goprobes");
	put_own(out, resource, "telemetry.distro.version", PROBES_VERSION);
	for (size_t i = 0; i < resource->npairs; i++) {
		put_text(out, ",");
		put_string_attr(out, resource->pairs[i].key, resource->pairs[i].value,
				strlen(resource->pairs[i].value));
	}
	if (resource->pid) {
		put_text(out, ",");
		put_int_attr(out, "process.pid", resource->pid);
	}
	put_text(out, "]}");
}

static const char scope[] = "{\"scope\":{\"name\":\"goprobes\",\"version\":\"" PROBES_VERSION
			    "\"}";

void otlp_put_resource_spans(struct buf *out, const struct otlp_resource *resource,
			     const struct buf *spans)
{
	put_resource(out, resource);
	buf_printf(out, ",\"scopeSpans\":[%s,\"spans\":[", scope);
	buf_put(out, spans->data, spans->len);
	put_text(out, "]}]}");
}

struct printer {
	struct buf *out;
	int last; /* instrument that is open, or -1 */
	uint64_t start_ns, now_ns;
};

static void open_instrument(struct printer *printer, enum instrument instrument)
{
	const struct instrument_spec *spec = &instruments[instrument];
	struct buf *out = printer->out;

	if (printer->last == (int)instrument) {
		put_text(out, ",");
		return;
	}
	put_text(out, printer->last < 0 ? "" : "]}},");
	printer->last = (int)instrument;
	buf_printf(out, "{\"name\":\"%s\",\"description\":\"%s\",\"unit\":\"%s\",\"%s\":"
		   "{\"aggregationTemporality\":2,%s\"dataPoints\":[", spec->name, spec->help,
		   spec->unit, spec->bounds ? "histogram" : "sum",
		   spec->bounds ? "" : "\"isMonotonic\":true,");
}

static void put_labels(struct buf *out, const struct series *series)
{
	put_text(out, "\"attributes\":[");
	for (size_t i = 0; i < series->nlabels; i++) {
		const struct label *label = &series->labels[i];

		put_text(out, i ? "," : "");
		if (label->text)
			put_string_attr(out, label->key, label->text, label->len);
		else
			put_int_attr(out, label->key, label->number);
	}
	put_text(out, "]");
}

static void put_buckets(struct buf *out, const struct instrument_spec *spec,
			const struct series *series)
{
	buf_printf(out, ",\"count\":\"%" PRIu64 "\",\"sum\":%.17g,\"bucketCounts\":[",
		   series->count, series->sum);
	for (size_t i = 0; i <= spec->nbounds; i++)
		buf_printf(out, "%s\"%" PRIu64 "\"", i ? "," : "", series->buckets[i]);
	put_text(out, "],\"explicitBounds\":[");
	for (size_t i = 0; i < spec->nbounds; i++)
		buf_printf(out, "%s%g", i ? "," : "", spec->bounds[i]);
	put_text(out, "]");
}

static void put_point(void *context, enum instrument instrument, const struct series *series)
{
	const struct instrument_spec *spec = &instruments[instrument];
	struct printer *printer = context;
	struct buf *out = printer->out;

	open_instrument(printer, instrument);
	put_text(out, "{");
	put_labels(out, series);
	buf_printf(out, ",\"startTimeUnixNano\":\"%" PRIu64 "\",\"timeUnixNano\":\"%" PRIu64 "\"",
		   printer->start_ns, printer->now_ns);
	if (spec->bounds)
		put_buckets(out, spec, series);
	else
		buf_printf(out, ",\"asInt\":\"%" PRIu64 "\"", series->count);
	put_text(out, "}");
}

void otlp_put_metrics(struct buf *out, const struct otlp_resource *resource,
		      struct metrics *metrics, uint64_t start_ns, uint64_t now_ns)
{
	struct printer printer = { out, -1, start_ns, now_ns };

	put_text(out, "{\"resourceMetrics\":[");
	put_resource(out, resource);
	buf_printf(out, ",\"scopeMetrics\":[%s,\"metrics\":[", scope);
	metrics_each(metrics, put_point, &printer);
	put_text(out, printer.last < 0 ? "]}]}]}" : "]}}]}]}]}");
}
