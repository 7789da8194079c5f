/* SPDX-License-Identifier: MIT */
/* `probes trace`: one line for each event. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"
#include "live/lines.h"
#include "live/tracing.h"

enum { ID_JSON = 0x300, ID_STACK, FLUSH = 64 << 10 };

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
		 "The name of a pair without _start and _end stands for both.\n"
		 "With a COMMAND, that is run, and only its events are printed; when tracing\n"
		 "ends before it does, it goes on untraced.",
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
	struct lines lines;
	uint64_t most, seen;
	struct buf out;
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

static void on_event(const struct event *event, void *context)
{
	struct trace *trace = context;

	lines_put(&trace->lines, &trace->out, event);
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

	if (!trace->lines.json && isatty(STDOUT_FILENO))
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
	trace->lines.json |= id == ID_JSON;
	trace->tracing.session.spans |= id == 's';
	if (id == ID_STACK)
		trace->tracing.session.stacks = trace->tracing.keep_ptrace = trace->lines.stacks =
			true;
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
	if (!err)
		err = tracing_run(&trace.tracing, &calls);
	if (!err && trace.broken)
		err = err_new("cannot write standard output");
	lines_free(&trace.lines);
	buf_free(&trace.out);
	return cmd_report(err);
}
