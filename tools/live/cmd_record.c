/* SPDX-License-Identifier: MIT */
/* `probes record`: a flight recorder of what goroutines do. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd.h"
#include "live/recorder.h"
#include "live/when.h"

enum { ID_LAST = TRACING_LAST, ID_WHEN, ID_AFTER, ID_MEMORY, ID_REPEAT, ID_ON_EXIT, ID_NO_SCHED };

enum { MOST_FILES = 10000 };

static const struct option_spec record_options[] = {
	{ 'o', "output", "FILE", "trace file to write [trace.json]; compressed if it ends in .gz" },
	{ ID_WHEN, "when", "CONDITION", "write when it holds for an event (below)" },
	{ ID_LAST, "last", "TIME", "how far back to go [30s]" },
	{ ID_AFTER, "after", "TIME", "go on for so long before writing [500ms]" },
	{ ID_REPEAT, "repeat", "N", "write N files, FILE-1 ... FILE-N, one for each time" },
	{ ID_ON_EXIT, "on-exit", NULL, "write at the end, too: Ctrl-C, end of command or process" },
	{ ID_MEMORY, "memory", "SIZE", "size of the ring of events in the kernel [64M]" },
	{ ID_NO_SCHED, "no-sched", NULL, "without PATTERN: leave the scheduler out" },
	TRACING_OPTIONS,
	{ 0 },
};

static const struct command_spec record_spec = {
	.name = "record",
	.operands = "FILE|PID [PATTERN]... [-- COMMAND...]",
	.about = "Keeps the latest events in the kernel until something happens, then writes them\n"
		 "as a trace that Perfetto and chrome://tracing open: a track for each goroutine,\n"
		 "with spans and their arguments, waits by reason, and arrows from what wakes to\n"
		 "what is woken; and tracks for the garbage collector and the stopped world.\n"
		 "SIGUSR1 writes at any time. Without --when, the end does (as --on-exit).\n"
		 "Without PATTERN: HTTP, SQL, TLS, DNS, dials, locks, logs, panics, collections\n"
		 "and the scheduler, as far as the program has their probes.",
	.options = record_options,
	.notes = "CONDITION is that of --filter, or one of these, joined by && and ||:\n"
		 "  http|client|sql|tls|dns|dial|gc latency > TIME   gc pause > TIME\n"
		 "  lock wait > TIME   sql wait > TIME (for a connection of the pool)\n"
		 "  http|client|sql|tls|dns|dial|log error   panic   error (any of them)\n"
		 "Exit code 3 when nothing was written.",
	.min_operands = 0,
};

/* Of the default patterns, those of the scheduler come first. */
enum { SCHEDULER_PATTERNS = 5 };

static const char *const default_patterns[] = {
	"runtime:goroutine_create", "runtime:goroutine_exit", "runtime:goroutine_park",
	"runtime:goroutine_unpark", "runtime:goroutine_ready",
	"net_http:server_request_*", "net_http:client_request_*", "net_http:client_conn_get_*",
	"net_http:client_dial_*", "database_sql:query_*", "database_sql:exec_*",
	"database_sql:prepare_*", "database_sql:stmt_*", "database_sql:tx_*",
	"database_sql:conn_wait_*", "database_sql:conn_open_*", "crypto_tls:handshake_*",
	"net:dns_*", "net:lookup_*", "net:dial_*", "sync:mutex_wait_*", "sync:rwmutex_read_wait_*",
	"runtime:gc_start", "runtime:gc_end", "runtime:gc_assist_*", "runtime:stw_*",
	"runtime:panic", "runtime:recover", "runtime:signal_panic", "runtime:fatal*",
	"log_slog:log_*", "log:output", "net_rpc:*", "os_exec:*", NULL
};

struct request {
	struct tracing tracing;
	struct recorder recorder;
	struct when when;
	const char **patterns; /* the session's */
};

/* "64M", "1G", "500k"; a bare number is megabytes, as of --ring. */
static bool read_size(const char *text, size_t *size_ret)
{
	static const char units[] = "kMG";
	char *end;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : &units[1];

	if (end == text || *text == '-' || !unit || (*end && end[1]) || !value || value > 1u << 20)
		return false;
	*size_ret = (size_t)value << (10 * (unit - units + 1));
	return *size_ret <= 1ull << 38;
}

static bool read_count(const char *text, unsigned *count_ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*count_ret = (unsigned)value;
	return end != text && !*end && *text != '-' && value && value <= MOST_FILES;
}

static struct err *take_option(struct request *request, int id, const char *value)
{
	struct recorder *recorder = &request->recorder;
	struct err *err = NULL;
	bool good = true;

	switch (id) {
	case 'o': recorder->out = value; break;
	case ID_WHEN: recorder->condition = value; break;
	case ID_ON_EXIT: recorder->on_exit = true; break;
	case ID_NO_SCHED: recorder->scheduler = false; break;
	case ID_LAST: good = tracing_time(value, &recorder->last_ns) && recorder->last_ns; break;
	case ID_AFTER: good = tracing_time(value, &recorder->after_ns); break;
	case ID_REPEAT: good = read_count(value, &recorder->repeat); break;
	case ID_MEMORY: good = read_size(value, &request->tracing.session.keep_bytes); break;
	default: tracing_option(&request->tracing, id, value, &err);
	}
	if (good)
		return err;
	return err_code(EXIT_USAGE, "'%s' is no %s", value, id == ID_REPEAT ?
			"number of files from 1 to 10000" : id == ID_MEMORY ?
			"size such as 64M or 1G" : "time such as 30s, 500ms or 5m");
}

/* The probes of the file or process that is to be traced, all of them. */
static struct err *read_target(const struct request *request, struct target *target)
{
	const struct session_options *session = &request->tracing.session;
	char *pid = mem_printf("%d", session->pid);
	char *name = session->file ? (char *)session->file : pid;
	struct options opts = { .argc = 1, .argv = &name };
	struct err *err = target_read(target, &opts);

	target->name = session->file ? session->file : "the process";
	free(pid);
	return err;
}

/* The user's patterns, or the default ones, and those that the condition is about. */
static void choose_patterns(struct request *request)
{
	struct session_options *session = &request->tracing.session;
	int first = 0, n = 0;

	if (session->patterns == default_patterns && !request->recorder.scheduler)
		first = SCHEDULER_PATTERNS;
	request->recorder.scheduler &= session->patterns == default_patterns;
	request->patterns = mem_zalloc(((size_t)session->npatterns + request->when.npatterns + 1) *
				       sizeof(*request->patterns));
	for (int i = first; i < session->npatterns; i++)
		request->patterns[n++] = session->patterns[i];
	for (size_t i = 0; i < request->when.npatterns; i++)
		request->patterns[n++] = request->when.patterns[i];
	session->patterns = request->patterns;
	session->npatterns = n;
}

static struct err *prepare(struct request *request, const struct options *opts)
{
	struct tracing *tracing = &request->tracing;
	struct target target = { 0 };
	struct err *err = NULL;

	TRY(tracing_operands(tracing, opts, default_patterns));
	if (request->recorder.condition) {
		err = read_target(request, &target);
		if (!err)
			err = when_read(request->recorder.condition, &target, &request->when);
		target_free(&target);
	}
	if (err)
		return err;
	tracing->session.when = request->when.condition;
	tracing->session.spans = true;
	choose_patterns(request);
	if (!request->recorder.condition)
		request->recorder.on_exit = true;
	return NULL;
}

static struct err *parse_and_run(struct request *request, struct options *opts)
{
	int id;

	while ((id = options_next(opts)) > 0)
		TRY(take_option(request, id, opts->value));
	if (id == OPTIONS_STOP)
		return NULL;
	TRY(prepare(request, opts));
	return recorder_run(&request->recorder);
}

int cmd_record(int argc, char **argv)
{
	struct request request = {
		.tracing = { .session = { .keep_bytes = 64 << 20 }, .keep_ptrace = true },
		.recorder = { .out = "trace.json", .last_ns = 30000000000ull,
			      .after_ns = 500000000, .repeat = 1, .scheduler = true },
	};
	struct options opts = tracing_options(&request.tracing, &record_spec, argc, argv);
	struct err *err;

	request.recorder.tracing = &request.tracing;
	err = parse_and_run(&request, &opts);
	when_free(&request.when);
	free(request.patterns);
	return err ? cmd_report(err) : opts.exit_code;
}
