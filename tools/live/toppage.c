/* SPDX-License-Identifier: MIT */
/* The table of `probes top`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/toppage.h"
#include "tracer/value.h"

const char *const top_sort_names[TOP_NSORTS + 1] = { "rate", "p99", "errors", "total", NULL };

enum field { RATE, EVENTS, TOTAL, ERRORS, ALL_ERRORS, P50, P99, MAX };

struct column {
	enum field field;
	const char *title;
	int width;
};

static const struct column all_columns[] = {
	{ RATE, "RATE/s", 8 },   { EVENTS, "EVENTS", 8 }, { TOTAL, "TOTAL", 9 },
	{ ERRORS, "ERRORS", 7 }, { ALL_ERRORS, "E.TOTAL", 7 }, { P50, "P50", 7 },
	{ P99, "P99", 7 },       { MAX, "MAX", 7 },
};

static const struct top_counts *counts_of(const struct top_page *page, const struct top_row *row)
{
	return page->whole ? &row->all : &row->last;
}

/* Wide terminals have all columns, narrow ones the most telling. */
static bool has_column(const struct top_page *page, enum field field)
{
	switch (field) {
	case EVENTS:
		return page->whole || page->columns >= 100;
	case TOTAL:
		return !page->whole && page->columns >= 60;
	case ALL_ERRORS:
		return !page->whole && page->columns >= 100;
	case P50:
	case MAX:
		return page->columns >= 72;
	default:
		return true;
	}
}

static uint64_t weight(const struct top_page *page, const struct top_row *row)
{
	const struct top_counts *counts = counts_of(page, row);

	switch (page->sort) {
	case TOP_P99:
		return hist_quantile(&counts->latency, 0.99);
	case TOP_ERRORS:
		return counts->errors;
	case TOP_TOTAL:
		return row->all.events;
	default:
		return counts->events;
	}
}

struct ranked {
	struct top_row *row;
	uint64_t weight, events;
	size_t probe; /* rank of its probe, which is the same for all its rows */
	bool shown;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	if (x->events != y->events)
		return x->events < y->events ? 1 : -1;
	int order = strcmp(x->row->tally.probe, y->row->tally.probe);

	if (order || !x->row->tally.key || !y->row->tally.key)
		return order ? order : !!x->row->tally.key - !!y->row->tally.key;
	return strcmp(x->row->tally.key, y->row->tally.key);
}

static int by_probe(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->probe != y->probe)
		return x->probe < y->probe ? -1 : 1;
	if (!x->row->tally.key || !y->row->tally.key)
		return !!x->row->tally.key - !!y->row->tally.key;
	return by_rank(a, b);
}

/* Rows in order of their weight; each knows the rank of its probe. */
static struct ranked *rank_rows(const struct top_page *page)
{
	size_t n = page->rows->n, nprobes = 0;
	struct ranked *ranked = mem_zalloc((n + 1) * sizeof(*ranked));
	const char **probes = mem_zalloc((n + 1) * sizeof(*probes));

	for (size_t i = 0; i < n; i++) {
		ranked[i].row = page->rows->rows[i];
		ranked[i].weight = weight(page, ranked[i].row);
		ranked[i].events = ranked[i].row->all.events;
	}
	qsort(ranked, n, sizeof(*ranked), by_rank);
	for (size_t i = 0; i < n; i++)
		if (!ranked[i].row->tally.key)
			probes[nprobes++] = ranked[i].row->tally.probe;
	for (size_t i = 0; i < n; i++)
		while (strcmp(probes[ranked[i].probe], ranked[i].row->tally.probe) != 0)
			ranked[i].probe++;
	free(probes);
	return ranked;
}

struct top_row **top_sorted(const struct top_page *page)
{
	struct ranked *ranked = rank_rows(page);
	struct top_row **rows = mem_zalloc((page->rows->n + 1) * sizeof(*rows));

	qsort(ranked, page->rows->n, sizeof(*ranked), by_probe);
	for (size_t i = 0; i < page->rows->n; i++)
		rows[i] = ranked[i].row;
	free(ranked);
	return rows;
}

/*
 * Marks the rows of most weight that `lines` (0 = no limit) have room for, each with the row
 * of its probe. Returns the number of rows that found no room.
 */
static size_t choose(const struct top_page *page, struct ranked *ranked, size_t lines)
{
	size_t n = page->rows->n;
	bool *probe_shown = mem_zalloc(n + 1);
	size_t used = 0, hidden = 0;

	for (size_t i = 0; i < n; i++) {
		const struct top_row *row = ranked[i].row;
		size_t probe = ranked[i].probe;
		bool idle = !counts_of(page, row)->events;
		size_t need = !row->tally.key ? !probe_shown[probe] : 1 + !probe_shown[probe];

		if (idle && !page->idle)
			continue;
		if (lines && used + need > lines) {
			hidden += row->tally.key || !probe_shown[probe];
			continue;
		}
		used += need;
		probe_shown[probe] = true;
		ranked[i].shown = row->tally.key;
	}
	for (size_t i = 0; i < n; i++)
		if (!ranked[i].row->tally.key)
			ranked[i].shown = probe_shown[ranked[i].probe];
	free(probe_shown);
	return hidden;
}

/* Appends a count in at most `width` columns: 1234567, 12.3M, 4.5G. */
static void put_count(struct buf *out, uint64_t count, int width)
{
	static const char units[] = "kMGTPE";
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRIu64, count);
	double rest = (double)count;

	for (int i = 0; len > width && units[i]; i++) {
		rest /= 1000;
		len = snprintf(text, sizeof(text), "%.1f%c", rest, units[i]);
	}
	buf_printf(out, " %*s", width, text);
}

static void put_rate(struct buf *out, double rate, int width)
{
	char text[32];

	if (rate >= 1e6) {
		put_count(out, (uint64_t)rate, width);
		return;
	}
	snprintf(text, sizeof(text), "%.*f", rate < 99.95 ? 1 : 0, rate);
	buf_printf(out, " %*s", width, text);
}

static void put_latency(struct buf *out, const struct hist *latency, double q, int width)
{
	struct buf text = { 0 };

	if (latency->count)
		value_put_duration(&text, hist_quantile(latency, q));
	buf_u8(&text, 0);
	buf_printf(out, " %*s", width, latency->count ? (char *)text.data : "-");
	buf_free(&text);
}

static void put_field(const struct top_page *page, const struct top_row *row,
		      const struct column *column, struct buf *out)
{
	const struct top_counts *counts = counts_of(page, row);

	switch (column->field) {
	case RATE:
		put_rate(out, (double)counts->events / page->seconds, column->width);
		break;
	case EVENTS:
		put_count(out, counts->events, column->width);
		break;
	case TOTAL:
		put_count(out, row->all.events, column->width);
		break;
	case ERRORS:
		put_count(out, counts->errors, column->width);
		break;
	case ALL_ERRORS:
		put_count(out, row->all.errors, column->width);
		break;
	case P50:
		put_latency(out, &counts->latency, 0.5, column->width);
		break;
	case P99:
		put_latency(out, &counts->latency, 0.99, column->width);
		break;
	case MAX:
		put_latency(out, &counts->latency, 1, column->width);
		break;
	}
}

enum { NCOLUMNS = sizeof(all_columns) / sizeof(all_columns[0]) };

/* What the numbers leave for the name of probe and key. */
static int name_width(const struct top_page *page)
{
	int width = page->columns;

	for (int i = 0; i < NCOLUMNS; i++)
		if (has_column(page, all_columns[i].field))
			width -= 1 + all_columns[i].width;
	return width < 8 ? 8 : width;
}

/* Appends UTF-8 text in exactly `width` columns, the last a ~ when it is cut. */
static void put_cut(struct buf *out, const char *text, int width)
{
	int columns = 0;
	size_t at = 0, cut = 0; /* cut: where the last column begins */

	while (text[at]) {
		if (columns == width - 1)
			cut = at;
		if (columns == width)
			break;
		columns++;
		for (at++; (text[at] & 0xc0) == 0x80; at++)
			;
	}
	if (text[at])
		buf_printf(out, "%.*s~", (int)cut, text);
	else
		buf_printf(out, "%s%*s", text, width - columns, "");
}

static void put_heading(const struct top_page *page, struct buf *out)
{
	buf_printf(out, "%s%-*s", page->styled ? "\033[7m" : "", name_width(page), "PROBE / KEY");
	for (int i = 0; i < NCOLUMNS; i++)
		if (has_column(page, all_columns[i].field))
			buf_printf(out, " %*s", all_columns[i].width, all_columns[i].title);
	buf_printf(out, "%s\n", page->styled ? "\033[0m" : "");
}

static void put_row(const struct top_page *page, const struct top_row *row, struct buf *out)
{
	bool idle = !counts_of(page, row)->events;
	int width = name_width(page);

	if (page->styled)
		buf_printf(out, "%s", idle ? "\033[2m" : row->tally.key ? "" : "\033[1m");
	buf_printf(out, "%s", row->tally.key ? "  " : "");
	put_cut(out, row->tally.key ? row->tally.key : row->tally.probe,
		row->tally.key ? width - 2 : width);
	for (int i = 0; i < NCOLUMNS; i++)
		if (has_column(page, all_columns[i].field))
			put_field(page, row, &all_columns[i], out);
	buf_printf(out, "%s\n", page->styled ? "\033[0m" : "");
}

void top_page(const struct top_page *page, struct buf *out)
{
	struct ranked *ranked = rank_rows(page);
	size_t n = page->rows->n, room = page->lines > 3 ? page->lines - 2 : 1, hidden;

	hidden = choose(page, ranked, page->lines ? room : 0);
	qsort(ranked, n, sizeof(*ranked), by_probe);
	if (n)
		put_heading(page, out);
	for (size_t i = 0; i < n; i++)
		if (ranked[i].shown)
			put_row(page, ranked[i].row, out);
	if (hidden)
		buf_printf(out, "  ... and %zu more%s\n", hidden, page->styled ? "" : " (--rows)");
	free(ranked);
}
