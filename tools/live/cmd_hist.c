/* SPDX-License-Identifier: MIT */
/* `probes hist`: how durations, or numbers that a probe hands out, are distributed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd.h"
#include "live/dist.h"
#include "live/heat.h"
#include "live/keys.h"
#include "live/numbers.h"
#include "live/screen.h"
#include "live/tally.h"
#include "live/tracing.h"
#include "options.h"

enum { ID_JSON = 'j' + 256, ID_HEATMAP, ID_OF, KEYS_LIMIT = 1000, SHOWN = 10 };

static const struct option_spec hist_options[] = {
	{ ID_OF, "of", "ARG", "of this argument (of a text, its length), not of durations" },
	{ 'b', "by", "KEY", "one histogram for each KEY, as in method,uri; also pid, tid, goid,\n"
	  "route; auto: what suits the probe [none]" },
	{ ID_HEATMAP, "heatmap", NULL, "over time: columns are slices of --interval, rows are\n"
	  "as in a histogram" },
	{ 'i', "interval", "TIME", "print each 10s, 500ms ...; with --heatmap, the slice [1s]" },
	{ 'n', "rounds", "COUNT", "end after so many intervals" },
	{ 'r', "rows", "COUNT", "print the histograms of most events, 0 = all [10]" },
	{ 'k', "keys", "COUNT", "tell apart at most so many keys [1000]" },
	{ ID_JSON, "json", NULL, "JSON lines, as docs/hist.schema.json describes them" },
	TRACING_OPTIONS,
	{ 0 },
};

static const struct command_spec hist_spec = {
	.name = "hist",
	.operands = "FILE|PID PATTERN... [-- COMMAND]",
	.about = "Prints a histogram for each probe: of durations, which all that has a start and\n"
		 "an end has, or of a numeric argument. PATTERN is as in `probes list`; the name\n"
		 "of a pair without _start and _end stands for both.",
	.options = hist_options,
	.notes = "Printed at the end (Ctrl-C), and with --interval each time for that interval.\n"
		 "Times have rows of 1, 2, 5, 10 ..., other numbers powers of two; a row counts\n"
		 "from its first bound to before the second. On a terminal, --heatmap is drawn as\n"
		 "it grows, and q ends it.",
	.min_operands = 2,
};

struct hist_row {
	struct tally tally;
	bool is_time;
	struct dist now, all;
	struct heat heat;
};

struct hist_run {
	struct tracing tracing;
	struct keys keys;
	struct tallies rows;
	struct buf key, page;
	char *of;                  /* borrowed, or NULL */
	uint64_t interval;         /* ns; 0 = not given */
	uint64_t begun;            /* ns of CLOCK_MONOTONIC */
	uint64_t begun_real;       /* ns of CLOCK_REALTIME, as events have it */
	uint64_t round_begun, due; /* due: the end of this round */
	unsigned long round;
	long rounds, limit, shown;
	bool json, heatmap, live, started;
	uint64_t unmeasured;       /* events without a duration or the argument */
	size_t folded;             /* events under (other) */
	struct session_stats stats;
	struct err *err;
};

/* The number that an event is counted by. False when it has none. */
static bool measure(const struct hist_run *run, const struct event *event, uint64_t *value_ret,
		    bool *negative_ret, bool *is_time_ret)
{
	const struct value *value = run->of ? event_value(event, run->of) : NULL;

	*value_ret = event->duration_ns;
	*negative_ret = false;
	*is_time_ret = !run->of;
	if (!run->of)
		return event->start;
	if (!value || value->unread)
		return false;
	*value_ret = value->u;
	switch (value->kind) {
	case VALUE_DURATION:
		*is_time_ret = true; /* fall through */
	case VALUE_INT:
		*negative_ret = value->i < 0;
		return true;
	case VALUE_STRING:
	case VALUE_BYTES:
		*value_ret = value->full_len;
		return true;
	case VALUE_UINT:
	case VALUE_BOOL:
	case VALUE_ENUM:
	case VALUE_SLICE:
		return true;
	default:
		return false;
	}
}

static void on_event(const struct event *event, void *context)
{
	struct hist_run *run = context;
	struct hist_row *row;
	bool negative, is_time, keyed;
	uint64_t value, since = 0;

	if (!event->start && event->probe->ends_span)
		return; /* it began before tracing did */
	keyed = keys_text(&run->keys, event, &run->key);
	if (keys_hide(&run->keys, event))
		return;
	if (!measure(run, event, &value, &negative, &is_time)) {
		run->unmeasured++;
		return;
	}
	row = tallies_row(&run->rows, event->provider, event->name,
			  keyed ? (char *)run->key.data : NULL);
	row->is_time = is_time;
	run->folded += row->tally.other;
	row->now.errors += event_failure(event) != NULL;
	if (negative) {
		row->now.negative++;
		return;
	}
	dist_add(&row->now, is_time, value);
	if (!run->heatmap)
		return;
	if (!row->heat.slice_ns)
		row->heat.slice_ns = run->interval ? run->interval : 1000000000;
	if (event->time_ns > run->begun_real)
		since = event->time_ns - run->begun_real;
	heat_add(&row->heat, since, dist_row(is_time, value));
}

static int by_count(const void *a, const void *b)
{
	const struct hist_row *x = *(struct hist_row *const *)a, *y = *(struct hist_row *const *)b;
	uint64_t nx = x->all.values.count + x->all.negative;
	uint64_t ny = y->all.values.count + y->all.negative;
	int order = strcmp(x->tally.probe, y->tally.probe);

	if (nx != ny)
		return nx < ny ? 1 : -1;
	if (order || !x->tally.key || !y->tally.key)
		return order;
	return strcmp(x->tally.key, y->tally.key);
}

/* Rows in order of their events; the caller frees the array. */
static struct hist_row **sorted(const struct hist_run *run)
{
	struct hist_row **rows = mem_zalloc((run->rows.n + 1) * sizeof(*rows));

	for (size_t i = 0; i < run->rows.n; i++)
		rows[i] = run->rows.rows[i];
	qsort(rows, run->rows.n, sizeof(*rows), by_count);
	return rows;
}

static void put_head_json(struct buf *out, const char *type)
{
	buf_printf(out, "{\"type\":\"%s\",\"time\":\"", type);
	numbers_put_now(out);
	buf_u8(out, '"');
}

static void put_json(const struct hist_run *run, struct hist_row *row, bool whole,
		     struct buf *out)
{
	const struct tally *tally = &row->tally;

	put_head_json(out, whole ? "total" : "interval");
	if (!whole)
		buf_printf(out, ",\"round\":%lu", run->round);
	buf_printf(out, ",\"probe\":\"%s\",\"key\":", tally->probe);
	if (tally->key)
		value_put_json_string(out, tally->key, strlen(tally->key));
	else
		buf_printf(out, "null");
	buf_printf(out, ",\"of\":\"%s\",\"unit\":%s,", run->of ? run->of : "duration",
		   row->is_time ? "\"ns\"" : "null");
	dist_put_json(whole ? &row->all : &row->now, row->is_time, out);
	if (whole && run->heatmap && row->heat.counts) {
		buf_u8(out, ',');
		heat_put_json(&row->heat, row->is_time, out);
	}
	buf_printf(out, "}\n");
}

static void put_title(const struct hist_run *run, const struct hist_row *row, struct buf *out)
{
	bool keyed = row->tally.key || run->keys.n;

	buf_printf(out, "%s%s%s", row->tally.probe, keyed ? "  " : "",
		   row->tally.key ? row->tally.key : keyed ? "(without)" : "");
	if (run->of)
		buf_printf(out, "  %s", run->of);
	buf_u8(out, '\n');
}

static void put_row(const struct hist_run *run, struct hist_row *row, bool whole, int columns,
		    struct buf *out)
{
	put_title(run, row, out);
	if (whole && run->heatmap && row->heat.counts) {
		heat_fit(&row->heat, columns);
		heat_put(&row->heat, row->is_time, screen_possible(), out);
	} else {
		dist_put(whole ? &row->all : &row->now, row->is_time, columns, out);
	}
	buf_u8(out, '\n');
}

/* The histograms of most events, of this interval or of the whole time. */
static void put_rows(struct hist_run *run, bool whole, struct buf *out)
{
	struct hist_row **rows = sorted(run);
	size_t shown = 0, hidden = 0;
	int columns, lines;

	screen_size(&columns, &lines);
	for (size_t i = 0; i < run->rows.n; i++) {
		const struct dist *dist = whole ? &rows[i]->all : &rows[i]->now;

		if (!dist->values.count && !dist->negative)
			continue;
		if (run->json)
			put_json(run, rows[i], whole, out);
		else if (run->shown && shown == (size_t)run->shown)
			hidden++;
		else
			put_row(run, rows[i], whole, columns, out);
		shown += shown < (size_t)run->shown;
	}
	if (hidden)
		buf_printf(out, "... and %zu more keys (--rows)\n", hidden);
	free(rows);
}

static void print_rows(struct hist_run *run, bool whole)
{
	struct buf *out = &run->page;

	out->len = 0;
	put_rows(run, whole, out);
	if (out->len)
		fwrite(out->data, 1, out->len, stdout);
	fflush(stdout);
}

static void draw(struct hist_run *run)
{
	struct buf *out = &run->page;

	out->len = 0;
	buf_printf(out, "%.0f s  lost %" PRIu64 "  q quit\n",
		   (double)(clock_ns(CLOCK_MONOTONIC) - run->begun) / 1e9, run->stats.lost);
	put_rows(run, true, out);
	screen_draw(out);
}

static void add_up(struct hist_run *run)
{
	for (size_t i = 0; i < run->rows.n; i++) {
		struct hist_row *row = run->rows.rows[i];

		dist_merge(&row->all, &row->now);
	}
}

static void next_round(struct hist_run *run)
{
	for (size_t i = 0; i < run->rows.n; i++)
		dist_clear(&((struct hist_row *)run->rows.rows[i])->now);
	run->round_begun = clock_ns(CLOCK_MONOTONIC);
	run->due += run->interval;
	if (run->due <= run->round_begun) /* it was stopped, or is late */
		run->due = run->round_begun + run->interval;
}

/* A heading for what a pipe or a terminal gets each interval. */
static void print_clock(const struct hist_run *run)
{
	time_t now = time(NULL);
	struct tm local;
	char clock[16];

	localtime_r(&now, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	printf("%s  the last %.1f s  lost %" PRIu64 "\n\n", clock,
	       (double)(clock_ns(CLOCK_MONOTONIC) - run->round_begun) / 1e9, run->stats.lost);
}

static void end_round(struct hist_run *run)
{
	run->round++;
	add_up(run);
	if (run->live) {
		draw(run);
	} else if (!run->heatmap) {
		if (!run->json)
			print_clock(run);
		print_rows(run, false);
	}
	next_round(run);
	if (ferror(stdout) || (run->rounds && run->round >= (unsigned long)run->rounds))
		tracing_stop(&run->tracing);
}

static void on_start(void *context)
{
	struct hist_run *run = context;

	run->started = true;
	run->begun = run->round_begun = clock_ns(CLOCK_MONOTONIC);
	run->due = run->begun + run->interval;
	run->begun_real = clock_ns(CLOCK_REALTIME);
	run->err = keys_check_names("--by", run->keys.names, run->keys.n, run->tracing.run);
	if (!run->err && run->of)
		run->err = keys_check_names("--of", &run->of, 1, run->tracing.run);
	if (run->err) {
		run->tracing.quiet = true;
		tracing_stop(&run->tracing);
	} else if (run->live) {
		screen_start();
	}
}

static void on_tick(void *context)
{
	struct hist_run *run = context;
	char key;

	session_stats(run->tracing.run, &run->stats);
	while (run->live && (key = screen_key()))
		if (key == 'q' || key == 'Q')
			tracing_stop(&run->tracing);
	if (run->err || !run->interval)
		return;
	if (clock_ns(CLOCK_MONOTONIC) >= run->due)
		end_round(run);
	else if (run->live && screen_changed())
		draw(run);
}

static void print_end_json(struct hist_run *run)
{
	struct buf *out = &run->page;

	out->len = 0;
	put_head_json(out, "end");
	buf_printf(out, ",\"seconds\":%.3f,\"lost\":%" PRIu64 ",\"lost_starts\":%" PRIu64
		   ",\"other\":%zu,\"unmeasured\":%" PRIu64 "}\n",
		   (double)(clock_ns(CLOCK_MONOTONIC) - run->begun) / 1e9, run->stats.lost,
		   run->stats.lost_starts, run->folded, run->unmeasured);
	fwrite(out->data, 1, out->len, stdout);
}

static void finish(struct hist_run *run)
{
	if (!run->started || run->err)
		return;
	add_up(run);
	if (run->json && run->interval && !run->heatmap)
		print_rows(run, false);
	print_rows(run, true);
	if (run->json)
		print_end_json(run);
	if (run->live && run->stats.lost)
		fprintf(stderr, "%" PRIu64 " events are lost; a larger --ring or a --filter "
			"helps\n", run->stats.lost);
	if (run->folded)
		fprintf(stderr, "%zu events are in " TALLY_OTHER "; --keys takes more\n",
			run->folded);
	if (run->unmeasured)
		fprintf(stderr, "%" PRIu64 " events have no %s and are left out%s\n",
			run->unmeasured, run->of ? run->of : "duration",
			run->of ? "" : "; --of takes an argument");
}

static void row_free(void *memory)
{
	struct hist_row *row = memory;

	hist_free(&row->now.values);
	hist_free(&row->all.values);
	heat_free(&row->heat);
}

static struct err *take_option(struct hist_run *run, int id, char *value)
{
	struct err *err = NULL;

	switch (id) {
	case ID_OF:
		run->of = value;
		return NULL;
	case 'b':
		keys_free(&run->keys);
		return keys_parse(value, &run->keys);
	case ID_HEATMAP:
		run->heatmap = true;
		return NULL;
	case 'i':
		return numbers_interval("--interval", value, &run->interval);
	case 'n':
		return numbers_count("--rounds", value, 1, &run->rounds);
	case 'r':
		return numbers_count("--rows", value, 0, &run->shown);
	case 'k':
		return numbers_count("--keys", value, 1, &run->limit);
	case ID_JSON:
		run->json = true;
		return NULL;
	default:
		tracing_option(&run->tracing, id, value, &err);
		return err;
	}
}

static struct err *run_hist(struct hist_run *run, const struct options *opts)
{
	struct tracing_calls calls = { .on_event = on_event, .on_start = on_start,
				       .on_tick = on_tick, .context = run };
	struct tracing *tracing = &run->tracing;
	struct err *err;

	TRY(tracing_operands(tracing, opts, NULL));
	keys_select(&run->keys, &tracing->session);
	if (!run->interval && (run->heatmap || run->rounds))
		run->interval = 1000000000;
	calls.tick_ms = numbers_tick(run->interval);
	tracing->session.spans = true;
	run->rows = tallies_start(sizeof(struct hist_row), (size_t)run->limit);
	run->live = run->heatmap && !run->json && !tracing->command && screen_possible();
	tracing->quiet |= run->live;
	err = tracing_run(tracing, &calls);
	screen_stop();
	if (!err && !run->err)
		finish(run);
	return err ? err : run->err;
}

int cmd_hist(int argc, char **argv)
{
	struct hist_run run = { .limit = KEYS_LIMIT, .shown = SHOWN };
	struct options opts = tracing_options(&run.tracing, &hist_spec, argc, argv);
	struct err *err = keys_parse("none", &run.keys);
	int id = OPTIONS_DONE;

	while (!err && (id = options_next(&opts)) > 0)
		err = take_option(&run, id, (char *)opts.value);
	if (!err && id != OPTIONS_STOP)
		err = run_hist(&run, &opts);
	tallies_free(&run.rows, row_free);
	keys_free(&run.keys);
	buf_free(&run.key);
	buf_free(&run.page);
	return id == OPTIONS_STOP ? opts.exit_code : cmd_report(err);
}
