/* SPDX-License-Identifier: MIT */
/* `probes top`: rates, latencies and errors per probe and key, again and again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd.h"
#include "live/keys.h"
#include "live/numbers.h"
#include "live/screen.h"
#include "live/toppage.h"
#include "live/tracing.h"
#include "options.h"

enum { ID_JSON = 'j' + 256, KEYS_LIMIT = 10000 };

static const struct option_spec top_options[] = {
	{ 'b', "by", "KEY", "tell events apart by these arguments, as in method,uri; also pid,\n"
	  "tid, goid, route; none; or what suits the probe [auto]" },
	{ 'i', "interval", "TIME", "time between two tables, as 500ms or 10s [1s]" },
	{ 'n', "rounds", "COUNT", "end after so many tables" },
	{ 's', "sort", "ORDER", "rate, p99, errors or total: rows of most first [rate]" },
	{ 'k', "keys", "COUNT", "tell apart at most so many keys [10000]" },
	{ 'r', "rows", "COUNT", "lines of a table; 0 = all [what fits; 40 into a pipe]" },
	{ ID_JSON, "json", NULL, "JSON lines, as docs/top.schema.json describes them" },
	TRACING_OPTIONS,
	{ 0 },
};

static const struct command_spec top_spec = {
	.name = "top",
	.operands = "FILE|PID [PATTERN]... [-- COMMAND]",
	.about = "Shows what a Go program does, each second: for each probe and key the rate,\n"
		 "the errors, and of what has a start and an end the latency (p50, p99, largest).\n"
		 "Without PATTERN: HTTP, RPC, SQL, DNS, connections, TLS, mail and processes.",
	.options = top_options,
	.notes = "On a terminal, q ends it and s sorts by something else. With COMMAND, into a\n"
		 "pipe or file, and with --rows, tables follow each other. The last table is of\n"
		 "the whole time. A quantile is within 1/64 of itself; the largest is exact.",
	.min_operands = 1,
};

/* Spans that answer "what does it do". */
static const char *const default_patterns[] = {
	"net_http:server_request", "net_http:client_request",
	"net_http_httputil:reverse_proxy", "net_rpc:client_call", "net_rpc:server_call",
	"database_sql:query", "database_sql:exec", "database_sql:stmt_query",
	"database_sql:stmt_exec", "database_sql:prepare", "database_sql:ping",
	"database_sql:tx_begin", "database_sql:tx_commit", "database_sql:conn_wait", "net:dns",
	"net:dial", "crypto_tls:handshake", "net_smtp:send_mail", "os_exec:spawn", "os_exec:wait",
	NULL,
};

struct top {
	struct tracing tracing;
	struct keys keys;
	struct tallies rows;
	struct buf key, page;
	enum top_sort sort;
	uint64_t interval, begun, round_begun, due; /* ns; due: the end of this round */
	double last_seconds;
	unsigned long round;
	long rounds, limit;
	long lines;         /* of --rows, or -1 */
	bool json, live;    /* live: redrawn in place */
	bool defaults;      /* no patterns were given */
	bool started;
	size_t folded;      /* events under (other) */
	struct session_stats stats;
	struct err *err;
};

static double seconds_since(uint64_t begun)
{
	return (double)(clock_ns(CLOCK_MONOTONIC) - begun) / 1e9;
}

static void count(struct top_counts *counts, const struct event *event, bool failed)
{
	counts->events++;
	counts->errors += failed;
	if (event->start)
		hist_add(&counts->latency, event->duration_ns);
}

static void on_event(const struct event *event, void *context)
{
	struct top *top = context;
	bool failed = event_failure(event) != NULL, keyed;
	struct top_row *row;

	if (!event->start && event->probe->ends_span)
		return; /* it began before tracing did */
	keyed = keys_text(&top->keys, event, &top->key);
	if (keys_hide(&top->keys, event))
		return;
	row = tallies_row(&top->rows, event->provider, event->name, NULL);
	count(&row->now, event, failed);
	if (!keyed)
		return;
	row = tallies_row(&top->rows, event->provider, event->name, (char *)top->key.data);
	count(&row->now, event, failed);
	top->folded += row->tally.other;
}

/* Adds what the interval brought to the totals, and starts the next one. */
static void next_round(struct top *top)
{
	for (size_t i = 0; i < top->rows.n; i++) {
		struct top_row *row = top->rows.rows[i];
		struct top_counts now = row->now;

		row->all.events += now.events;
		row->all.errors += now.errors;
		hist_merge(&row->all.latency, &now.latency);
		row->now = row->last;
		row->last = now;
		row->now.events = row->now.errors = 0;
		hist_clear(&row->now.latency);
	}
	top->last_seconds = seconds_since(top->round_begun);
	top->round_begun = clock_ns(CLOCK_MONOTONIC);
	top->due += top->interval;
	if (top->due <= top->round_begun) /* it was stopped, or is late */
		top->due = top->round_begun + top->interval;
	top->round++;
}

static void put_counts_json(struct buf *out, const struct top_counts *counts)
{
	buf_printf(out, ",\"events\":%" PRIu64 ",\"errors\":%" PRIu64, counts->events,
		   counts->errors);
	if (counts->latency.count)
		buf_printf(out, ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64
			   ",\"max_ns\":%" PRIu64, hist_quantile(&counts->latency, 0.5),
			   hist_quantile(&counts->latency, 0.99), counts->latency.max);
}

static void put_head_json(struct buf *out, const char *type)
{
	buf_printf(out, "{\"type\":\"%s\",\"time\":\"", type);
	numbers_put_now(out);
	buf_u8(out, '"');
}

/* A line for each row that had events: of the interval, or of the whole time. */
static void print_json(struct top *top, const struct top_page *page)
{
	struct top_row **rows = top_sorted(page);
	struct buf *out = &top->page;

	out->len = 0;
	for (size_t i = 0; i < top->rows.n; i++) {
		const struct tally *tally = &rows[i]->tally;
		const struct top_counts *counts = page->whole ? &rows[i]->all : &rows[i]->last;

		if (!counts->events)
			continue;
		put_head_json(out, page->whole ? "total" : "interval");
		if (!page->whole)
			buf_printf(out, ",\"round\":%lu", top->round);
		buf_printf(out, ",\"seconds\":%.3f,\"probe\":\"%s\",\"key\":", page->seconds,
			   tally->probe);
		if (tally->key)
			value_put_json_string(out, tally->key, strlen(tally->key));
		else
			buf_printf(out, "null");
		put_counts_json(out, counts);
		buf_printf(out, "}\n");
	}
	if (out->len)
		fwrite(out->data, 1, out->len, stdout);
	free(rows);
}

static struct top_page page_of(const struct top *top, bool whole)
{
	struct top_page page = {
		.rows = &top->rows, .sort = whole && top->sort == TOP_RATE ? TOP_TOTAL : top->sort,
		.whole = whole, .idle = top->live || whole, .lines = 42,
		.seconds = whole ? seconds_since(top->begun) : top->last_seconds,
	};

	if (top->lines >= 0)
		page.lines = top->lines ? (size_t)top->lines + 2 : 0;
	return page;
}

static uint64_t events_of(const struct top *top, bool whole)
{
	uint64_t events = 0;

	for (size_t i = 0; i < top->rows.n; i++) {
		const struct top_row *row = top->rows.rows[i];

		if (!row->tally.key)
			events += whole ? row->all.events : row->last.events;
	}
	return events;
}

/* The line above a table: when, how many events, and what is missing. */
static void put_headline(const struct top *top, const struct top_page *page, struct buf *out)
{
	time_t now = time(NULL);
	struct tm local;
	char clock[16];

	localtime_r(&now, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	buf_printf(out, "%s  %.1f s%s  %.0f events/s  lost %" PRIu64, clock, page->seconds,
		   page->whole ? " in all" : "",
		   (double)events_of(top, page->whole) / page->seconds, top->stats.lost);
	if (top->folded)
		buf_printf(out, "  %zu in " TALLY_OTHER " (--keys)", top->folded);
}

/* Redraws the terminal: a headline, then as much of the table as fits below it. */
static void draw(struct top *top)
{
	struct top_page page = page_of(top, false);
	struct buf *out = &top->page, line = { 0 };
	int rows;

	screen_size(&page.columns, &rows);
	page.lines = rows > 1 ? (size_t)rows - 1 : 0;
	page.styled = true;
	put_headline(top, &page, &line);
	buf_printf(&line, "  by %s  q quit  s sort", top_sort_names[top->sort]);
	out->len = 0;
	buf_printf(out, "%.*s\n", (int)line.len, (char *)line.data);
	top_page(&page, out);
	screen_draw(out);
	buf_free(&line);
}

static void print_table(struct top *top, bool whole)
{
	struct top_page page = page_of(top, whole);
	struct buf *out = &top->page;
	int rows;

	if (top->json) {
		print_json(top, &page);
		fflush(stdout);
		return;
	}
	screen_size(&page.columns, &rows);
	out->len = 0;
	put_headline(top, &page, out);
	buf_u8(out, '\n');
	top_page(&page, out);
	printf("%.*s\n", (int)out->len, (char *)out->data);
	fflush(stdout);
}

static void end_round(struct top *top)
{
	next_round(top);
	if (top->live)
		draw(top);
	else
		print_table(top, false);
	if (ferror(stdout) || (top->rounds && top->round >= (unsigned long)top->rounds))
		tracing_stop(&top->tracing);
}

static void on_start(void *context)
{
	struct top *top = context;

	top->started = true;
	top->begun = top->round_begun = clock_ns(CLOCK_MONOTONIC);
	top->due = top->begun + top->interval;
	top->err = keys_check_names("--by", top->keys.names, top->keys.n, top->tracing.run);
	if (top->err) {
		top->tracing.quiet = true;
		tracing_stop(&top->tracing);
	} else if (top->live) {
		screen_start();
	}
}

static void on_tick(void *context)
{
	struct top *top = context;
	bool redraw = false;
	char key;

	session_stats(top->tracing.run, &top->stats);
	if (top->err)
		return;
	while (top->live && (key = screen_key())) {
		if (key == 'q' || key == 'Q')
			tracing_stop(&top->tracing);
		if (key != 's')
			continue;
		top->sort = (top->sort + 1) % TOP_NSORTS;
		redraw = true;
	}
	if (clock_ns(CLOCK_MONOTONIC) >= top->due)
		end_round(top);
	else if (top->live && (screen_changed() || redraw))
		draw(top);
}

static void print_end_json(struct top *top)
{
	struct buf *out = &top->page;

	out->len = 0;
	put_head_json(out, "end");
	buf_printf(out, ",\"seconds\":%.3f,\"events\":%" PRIu64 ",\"lost\":%" PRIu64
		   ",\"lost_starts\":%" PRIu64 ",\"other\":%zu}\n", seconds_since(top->begun),
		   events_of(top, true), top->stats.lost, top->stats.lost_starts, top->folded);
	fwrite(out->data, 1, out->len, stdout);
}

/* What came after the last table, then the whole time. */
static void finish(struct top *top)
{
	screen_stop();
	if (!top->started || top->err)
		return;
	next_round(top);
	if (top->json && events_of(top, false))
		print_table(top, false);
	print_table(top, true);
	if (top->json)
		print_end_json(top);
}

static void row_free(void *memory)
{
	struct top_row *row = memory;

	hist_free(&row->now.latency);
	hist_free(&row->last.latency);
	hist_free(&row->all.latency);
}

static struct err *take_sort(struct top *top, const char *name)
{
	for (int i = 0; i < TOP_NSORTS; i++)
		if (!strcmp(name, top_sort_names[i])) {
			top->sort = (enum top_sort)i;
			return NULL;
		}
	return err_code(EXIT_USAGE, "--sort: '%s' is not rate, p99, errors or total", name);
}

static struct err *take_option(struct top *top, int id, const char *value)
{
	struct err *err = NULL;

	switch (id) {
	case 'b':
		keys_free(&top->keys);
		return keys_parse(value, &top->keys);
	case 'i':
		return numbers_interval("--interval", value, &top->interval);
	case 'n':
		return numbers_count("--rounds", value, 1, &top->rounds);
	case 's':
		return take_sort(top, value);
	case 'k':
		return numbers_count("--keys", value, 1, &top->limit);
	case 'r':
		return numbers_count("--rows", value, 0, &top->lines);
	case ID_JSON:
		top->json = true;
		return NULL;
	default:
		tracing_option(&top->tracing, id, value, &err);
		return err;
	}
}

/* The program may have other probes; takes and returns err. */
static struct err *none_by_default(const struct tracing *tracing, struct err *err)
{
	const struct session_options *session = &tracing->session;
	char *name;

	if (!strstr(err->message, " none of its "))
		return err;
	err_free(err);
	name = session->file ? mem_strdup(session->file) : mem_printf("%d", session->pid);
	err = err_code(EXIT_NO_MATCH, "%s: has none of the probes that top shows by itself; name "
		       "some of those that `probes list %s` shows", name, name);
	free(name);
	return err;
}

static struct err *run_top(struct top *top, const struct options *opts)
{
	const struct tracing_calls calls = { .on_event = on_event, .on_start = on_start,
					     .on_tick = on_tick, .context = top,
					     .tick_ms = numbers_tick(top->interval) };
	struct tracing *tracing = &top->tracing;
	struct err *err;

	TRY(tracing_operands(tracing, opts, default_patterns));
	top->defaults = tracing->session.patterns == default_patterns;
	keys_select(&top->keys, &tracing->session);
	tracing->session.spans = true;
	top->rows = tallies_start(sizeof(struct top_row), (size_t)top->limit);
	top->live = !top->json && top->lines < 0 && !tracing->command && screen_possible();
	tracing->quiet |= top->live;
	err = tracing_run(tracing, &calls);
	screen_stop();
	if (!err && !top->err)
		finish(top);
	if (err && err->code == EXIT_NO_MATCH && top->defaults)
		err = none_by_default(tracing, err);
	return err ? err : top->err;
}

int cmd_top(int argc, char **argv)
{
	struct top top = { .interval = 1000000000, .limit = KEYS_LIMIT, .lines = -1 };
	struct options opts = tracing_options(&top.tracing, &top_spec, argc, argv);
	struct err *err = keys_parse("auto", &top.keys);
	int id = OPTIONS_DONE;

	while (!err && (id = options_next(&opts)) > 0)
		err = take_option(&top, id, opts.value);
	if (!err && id != OPTIONS_STOP)
		err = run_top(&top, &opts);
	tallies_free(&top.rows, row_free);
	keys_free(&top.keys);
	buf_free(&top.key);
	buf_free(&top.page);
	return id == OPTIONS_STOP ? opts.exit_code : cmd_report(err);
}
