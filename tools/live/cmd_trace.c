/* SPDX-License-Identifier: MIT */
/* `probes trace`: one line for each event. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "live/tracing.h"
#include "tracer/symbolise.h"

enum { ID_JSON = 0x300, ID_SPANS, ID_STACK, FLUSH = 64 << 10 };

static const struct option_spec trace_options[] = {
	{ 's', "spans", NULL, "join start and end into one event with its duration" },
	{ ID_STACK, "stack", NULL, "the Go stack below each event" },
	{ ID_JSON, "json", NULL, "JSON lines, as docs/trace.schema.json describes them" },
	{ 'n', "count", "COUNT", "end after this many events" },
	TRACING_OPTIONS,
	{ 0 },
};

static const struct command_spec trace_spec = {
	.name = "trace",
	.operands = "FILE|PID [PATTERN]... [-- COMMAND [ARGUMENT]...]",
	.about = "Attaches to the probes of FILE, in all its processes, or of one process, and\n"
		 "prints a line for each event: time, process, goroutine, probe, arguments.\n"
		 "PATTERN is provider:name with * and ?; without one, all probes are taken.\n"
		 "With a COMMAND, that is run, and only its events are printed.",
	.options = trace_options,
	.notes = "Examples:\n"
		 "  probes trace ./app net_http:server_request_start\n"
		 "  probes trace --spans ./app 'net_http:server_request*' -f 'duration>100ms'\n"
		 "  probes trace --json 4242 'database_sql:*' -d 10s\n"
		 "  probes trace ./app 'os:open_*' -- ./app --once\n"
		 "Exit code 3 when no probe matches; that of COMMAND is not looked at.",
};

struct trace {
	struct tracing tracing;
	bool json;
	uint64_t most, seen;
	struct buf out;
	time_t second;       /* whose text is in clock */
	char clock[32];
	struct symboliser *symboliser; /* with --stack */
	bool broken;         /* standard output cannot be written */
};

static void flush(struct trace *trace)
{
	if (trace->out.len && (fwrite(trace->out.data, 1, trace->out.len, stdout) !=
			       trace->out.len || fflush(stdout))) {
		trace->broken = true;
		tracing_stop(&trace->tracing);
	}
	trace->out.len = 0;
}

/* The time of day, or with JSON the whole date, to the second. */
static const char *second_text(struct trace *trace, uint64_t time_ns)
{
	time_t second = (time_t)(time_ns / 1000000000u);
	struct tm tm;

	if (second == trace->second)
		return trace->clock;
	trace->second = second;
	if (trace->json)
		strftime(trace->clock, sizeof(trace->clock), "%Y-%m-%dT%H:%M:%S",
			 gmtime_r(&second, &tm));
	else
		strftime(trace->clock, sizeof(trace->clock), "%H:%M:%S",
			 localtime_r(&second, &tm));
	return trace->clock;
}

static void print_text(struct trace *trace, const struct event *event)
{
	struct buf *out = &trace->out;

	buf_printf(out, "%s.%06u %7d %6" PRIu64 " %s:%s", second_text(trace, event->time_ns),
		   (unsigned)(event->time_ns % 1000000000u / 1000), event->pid, event->goid,
		   event->provider, event->name);
	if (event->start) {
		buf_put(out, " ", 1);
		value_put_duration(out, event->duration_ns);
	}
	for (size_t i = 0; i < event->nvalues; i++) {
		buf_printf(out, " %s=", event->values[i].name);
		value_put_text(out, &event->values[i]);
	}
	buf_put(out, "\n", 1);
	if (trace->symboliser)
		symstack_put_text(out, symboliser_stack(trace->symboliser, event));
}

/* How long texts were that are not there as a whole. */
static void print_cut(struct buf *out, const struct event *event)
{
	bool any = false;

	for (size_t i = 0; i < event->nvalues; i++) {
		const struct value *value = &event->values[i];

		if (value->full_len <= value->len || value->unread)
			continue;
		buf_printf(out, "%s\"%s\":%" PRIu64, any ? "," : ",\"cut\":{", value->name,
			   value->full_len);
		any = true;
	}
	if (any)
		buf_put(out, "}", 1);
}

static void print_json(struct trace *trace, const struct event *event)
{
	struct buf *out = &trace->out;

	buf_printf(out, "{\"time\":\"%s.%09uZ\",\"pid\":%d,\"tid\":%d,\"goid\":%" PRIu64
		   ",\"probe\":\"%s:%s\"", second_text(trace, event->time_ns),
		   (unsigned)(event->time_ns % 1000000000u), event->pid, event->tid, event->goid,
		   event->provider, event->name);
	if (event->start)
		buf_printf(out, ",\"duration_ns\":%" PRIu64, event->duration_ns);
	buf_put(out, ",\"args\":{", 9);
	for (size_t i = 0; i < event->nvalues; i++) {
		buf_printf(out, "%s\"%s\":", i ? "," : "", event->values[i].name);
		value_put_json(out, &event->values[i]);
	}
	buf_put(out, "}", 1);
	print_cut(out, event);
	if (trace->symboliser) {
		buf_printf(out, ",\"stack\":");
		symstack_put_json(out, symboliser_stack(trace->symboliser, event));
	}
	buf_put(out, "}\n", 2);
}

static void on_event(const struct event *event, void *context)
{
	struct trace *trace = context;

	(trace->json ? print_json : print_text)(trace, event);
	if (trace->out.len > FLUSH)
		flush(trace);
	if (++trace->seen == trace->most)
		tracing_stop(&trace->tracing);
}

static void on_tick(void *context)
{
	flush(context);
}

static void print_heading(void *context)
{
	struct trace *trace = context;

	if (!trace->json && isatty(STDOUT_FILENO))
		printf("%-15s %7s %6s %s\n", "TIME", "PID", "GOID", "PROBE AND ARGUMENTS");
}

static struct err *parse_count(const char *text, uint64_t *count_ret)
{
	char *end;
	unsigned long long count = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !count)
		return err_code(EXIT_USAGE, "-n: '%s' is no number of events", text);
	*count_ret = count;
	return NULL;
}

static struct err *take_option(struct trace *trace, int id, const char *value)
{
	struct err *err = NULL;

	if (tracing_option(&trace->tracing, id, value, &err))
		return err;
	trace->json |= id == ID_JSON;
	trace->tracing.session.spans |= id == 's';
	trace->tracing.session.stacks |= id == ID_STACK;
	return id == 'n' ? parse_count(value, &trace->most) : NULL;
}

int cmd_trace(int argc, char **argv)
{
	struct trace trace = { 0 };
	struct tracing_calls calls = { .on_event = on_event, .on_start = print_heading,
				       .on_tick = on_tick, .context = &trace };
	struct options opts = tracing_options(&trace.tracing, &trace_spec, argc, argv);
	struct err *err = NULL;
	int id;

	while (!err && (id = options_next(&opts)) > 0)
		err = take_option(&trace, id, opts.value);
	if (!err && id == OPTIONS_STOP)
		return opts.exit_code;
	if (!err)
		err = tracing_operands(&trace.tracing, &opts, NULL);
	trace.symboliser = trace.tracing.session.stacks ? symboliser_new() : NULL;
	trace.tracing.keep_ptrace = trace.symboliser;
	if (!err)
		err = tracing_run(&trace.tracing, &calls);
	if (!err && trace.broken)
		err = err_new("cannot write standard output");
	symboliser_free(trace.symboliser);
	buf_free(&trace.out);
	return cmd_report(err);
}
