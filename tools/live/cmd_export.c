/* SPDX-License-Identifier: MIT */
/* `probes export`: spans and metrics for an OpenTelemetry Collector, metrics for Prometheus. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "live/export_settings.h"
#include "live/exporter.h"
#include "live/prom.h"
#include "live/tracing.h"
#include "probe/def.h"

enum {
	ID_OTLP = 0x300, ID_PROMETHEUS, ID_HEADER, ID_SERVICE, ID_INTERVAL, ID_SAMPLE, ID_QUERY,
	ID_NO_ERRORS, ID_CA,
	TICK_MS = 100, FLUSH_MS = 5000, PATIENCE_MS = 60000, QUEUE_BYTES = 32 << 20,
};

static const struct option_spec export_options[] = {
	{ ID_OTLP, "otlp", "URL", "send to this OTLP/HTTP endpoint: http://localhost:4318" },
	{ ID_HEADER, "header", "NAME=VALUE", "send this header, too (repeatable)" },
	{ ID_CA, "ca", "FILE", "certificates (PEM) that sign the endpoint's" },
	{ ID_PROMETHEUS, "prometheus", "ADDR:PORT", "answer Prometheus there: 127.0.0.1:9464" },
	{ ID_SERVICE, "service", "NAME", "service.name [the program's name]" },
	{ ID_INTERVAL, "interval", "TIME", "between two reports of metrics [10s]" },
	{ ID_SAMPLE, "sample", "RATIO", "of traces that begin here, 0 to 1 [1]; requests with a\n"
	  "traceparent are sampled as that says" },
	{ ID_QUERY, "query-text", NULL, "hand out whole statements as db.query.text" },
	{ ID_NO_ERRORS, "no-error-text", NULL, "do not hand out what errors say" },
	TRACING_OPTIONS,
	{ 0 },
};

static const struct command_spec export_spec = {
	.name = "export",
	.operands = "FILE|PID [PATTERN]... [-- COMMAND [ARGUMENT]...]",
	.about = "Sends what the probes see to what you already run: spans and metrics to an\n"
		 "OpenTelemetry Collector, or metrics to Prometheus, or both. Without PATTERN:\n"
		 "HTTP, database/sql, net/rpc, DNS, TLS, connections, stops of the world.\n"
		 "Traces go on where a request's traceparent left off.",
	.options = export_options,
	.notes = "Environment: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS,\n"
		 "OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,\n"
		 "OTEL_METRIC_EXPORT_INTERVAL; options come first.\n"
		 "Examples:\n"
		 "  probes export ./app --otlp http://localhost:4318\n"
		 "  probes export 4242 --prometheus 127.0.0.1:9464\n"
		 "  probes export ./app 'net_http:*_request_*' --otlp https://otel.example \\\n"
		 "      --header 'Authorization=Bearer TOKEN'\n"
		 "Exit code 3 when no probe matches.",
};

/* What most people want to see of a service; little of it fires in tight loops. */
static const char *const default_patterns[] = {
	"net_http:server_request_*", "net_http:client_request_*",
	"database_sql:query_*", "database_sql:exec_*", "database_sql:stmt_query_*",
	"database_sql:stmt_exec_*", "database_sql:tx_*",
	"net_rpc:server_call_*", "net_rpc:client_call_*",
	"crypto_tls:handshake_*", "net:dns_start", "net:dns_end", "net:dial_start",
	"net:dial_end", "runtime:stw_*", NULL,
};

struct export {
	struct tracing tracing;
	struct export_settings settings;
	struct exporter_options options;
	struct metrics *metrics;
	struct sender *sender;
	struct prom *prom;
	struct exporter *exporter;
	struct def_set *definitions;
	uint64_t lost;   /* events, so far */
	struct err *err; /* of starting a thread */
};

static void on_event(const struct event *event, void *context)
{
	struct export *export = context;

	exporter_event(export->exporter, event);
}

static void on_tick(void *context)
{
	struct export *export = context;
	struct session_stats stats;

	session_stats(export->tracing.run, &stats);
	export->lost = stats.lost;
	exporter_tick(export->exporter, stats.lost);
}

/* Threads have privileges of their own: they start once those are given up. */
static void on_start(void *context)
{
	struct export *export = context;

	if (export->sender)
		export->err = sender_start(export->sender);
	if (!export->err && export->prom) {
		char *address = prom_address(export->prom);

		export->err = prom_start(export->prom);
		if (!export->err && !export->tracing.quiet)
			fprintf(stderr, "probes: metrics at http://%s/metrics\n", address);
		free(address);
	}
	if (export->err)
		tracing_stop(&export->tracing);
}

static struct err *take_option(struct export *export, int id, const char *value)
{
	struct export_settings *settings = &export->settings;
	struct err *err = NULL;

	if (tracing_option(&export->tracing, id, value, &err))
		return err;
	switch (id) {
	case ID_OTLP:
		return settings_endpoint(settings, value);
	case ID_HEADER:
		return settings_header(settings, value);
	case ID_CA:
		settings->ca_file = value;
		return NULL;
	case ID_PROMETHEUS:
		settings->prometheus = value;
		return NULL;
	case ID_SERVICE:
		settings->service = value;
		return NULL;
	case ID_INTERVAL:
		if (!tracing_time(value, &settings->interval_ns) ||
		    settings->interval_ns < 100000000)
			return err_code(EXIT_USAGE, "--interval: '%s' is no time of at least "
					"100ms", value);
		return NULL;
	case ID_SAMPLE:
		return settings_ratio(settings, value);
	default:
		export->options.semconv.query_text |= id == ID_QUERY;
		export->options.semconv.no_error_text |= id == ID_NO_ERRORS;
		return NULL;
	}
}

static struct err *open_outputs(struct export *export)
{
	const struct export_settings *settings = &export->settings;
	struct sender_options sending = {
		.endpoint = settings->endpoint,
		.headers = (const char *const *)settings->headers,
		.nheaders = settings->nheaders, .ca_file = settings->ca_file,
		.queue_bytes = QUEUE_BYTES, .patience_ms = PATIENCE_MS,
	};

	if (!settings->endpoint && !settings->prometheus)
		return err_code(EXIT_USAGE, "export: say where to: --otlp URL, --prometheus "
				"ADDR:PORT, or both");
	if (settings->endpoint)
		TRY(sender_open(&sending, &export->sender));
	if (settings->prometheus)
		TRY(prom_open(settings->prometheus, export->metrics, &export->prom));
	return NULL;
}

/* "/app" of "/proc/123/root/app", the file of a container; or NULL. */
static const char *path_in_container(const char *file)
{
	int len = 0;

	if (sscanf(file, "/proc/%*[0-9]/root%n", &len) == EOF || !len || file[len] != '/')
		return NULL;
	return file + len;
}

/* Path of the program that is traced; the caller's. */
static char *program_path(const struct session_options *session)
{
	char target[4096], *link, *path;
	ssize_t len;

	if (session->file && path_in_container(session->file))
		return mem_strdup(path_in_container(session->file));
	if (session->file) {
		path = realpath(session->file, NULL);
		return path ? path : mem_strdup(session->file);
	}
	link = mem_printf("/proc/%d/exe", session->pid);
	len = readlink(link, target, sizeof(target));
	free(link);
	return len > 0 ? mem_strndup(target, (size_t)len) : mem_printf("%d", session->pid);
}

static struct err *trace(struct export *export)
{
	struct tracing_calls calls = { .on_event = on_event, .on_start = on_start,
				       .on_tick = on_tick, .tick_ms = TICK_MS,
				       .context = export };
	struct exporter_options *options = &export->options;
	char *path = program_path(&export->tracing.session);
	const char *slash = strrchr(path, '/');
	struct err *err;

	options->executable = path;
	options->service = export->settings.service ? export->settings.service :
			   slash ? slash + 1 : path;
	options->pairs = export->settings.pairs;
	options->npairs = export->settings.npairs;
	options->interval_ns = export->settings.interval_ns;
	options->ratio = export->settings.ratio;
	options->semconv.definitions = export->definitions;
	export->tracing.session.spans = true;
	export->exporter = exporter_new(options, export->metrics, export->sender);
	err = exporter_watch(export->exporter, &export->tracing.session);
	if (!err)
		err = tracing_run(&export->tracing, &calls);
	if (!err)
		err = export->err;
	if (!err)
		exporter_flush(export->exporter, export->lost);
	exporter_free(export->exporter);
	free(path);
	return err;
}

/* Waits for what is still to be sent. That nothing at all arrived is an error. */
static struct err *close_sender(struct export *export)
{
	struct sender_stats stats = { 0 };

	if (!export->sender)
		return NULL;
	sender_close(export->sender, FLUSH_MS, &stats);
	export->sender = NULL;
	if (stats.spans_dropped && !stats.spans)
		return err_new("nothing could be delivered to %s: %" PRIu64 " spans are dropped",
			       export->settings.endpoint, stats.spans_dropped);
	if (!export->tracing.quiet)
		fprintf(stderr, "probes: %" PRIu64 " spans delivered to %s, %" PRIu64
			" dropped\n", stats.spans, export->settings.endpoint,
			stats.spans_dropped);
	return NULL;
}

static struct err *run(struct export *export)
{
	TRY(settings_environment(&export->settings));
	TRY(def_load_builtin(&export->definitions));
	export->metrics = metrics_new();
	TRY(open_outputs(export));
	return trace(export);
}

int cmd_export(int argc, char **argv)
{
	struct export export = { .settings = { .ratio = 1 } };
	struct options opts = tracing_options(&export.tracing, &export_spec, argc, argv);
	struct err *err = NULL;
	int id;

	while (!err && (id = options_next(&opts)) > 0)
		err = take_option(&export, id, opts.value);
	if (!err && id == OPTIONS_STOP)
		return opts.exit_code;
	if (!err)
		err = tracing_operands(&export.tracing, &opts, default_patterns);
	if (!err)
		err = run(&export);
	if (!err)
		err = close_sender(&export);
	sender_close(export.sender, 0, NULL);
	prom_close(export.prom);
	metrics_free(export.metrics);
	def_free(export.definitions);
	settings_free(&export.settings);
	return cmd_report(err);
}
