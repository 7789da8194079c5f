/* SPDX-License-Identifier: MIT */
/* Distributions in rows. */
#include <inttypes.h>
#include <string.h>

#include "live/dist.h"
#include "tracer/value.h"

uint64_t dist_from(bool is_time, unsigned row)
{
	static const uint64_t steps[] = { 1, 2, 5 };
	uint64_t from = 1;

	if (!row)
		return 0;
	if (!is_time)
		return row > 64 ? UINT64_MAX : 1ULL << (row - 1);
	if (row > 58) /* 10^19 begins the last row */
		return UINT64_MAX;
	for (unsigned decade = 0; decade < (row - 1) / 3; decade++)
		from *= 10;
	return from * steps[(row - 1) % 3];
}

unsigned dist_row(bool is_time, uint64_t value)
{
	unsigned row = 0;

	if (!is_time)
		return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
	/* 3 rows for each decade, which is 3.32 powers of two: begin below, go on by steps. */
	if (value)
		row = (63 - (unsigned)__builtin_clzll(value)) * 9 / 10;
	while (row < 58 && dist_from(true, row + 1) <= value)
		row++;
	return row;
}

void dist_add(struct dist *dist, bool is_time, uint64_t value)
{
	dist->rows[dist_row(is_time, value)]++;
	hist_add(&dist->values, value);
}

void dist_merge(struct dist *into, const struct dist *from)
{
	for (unsigned i = 0; i < DIST_ROWS; i++)
		into->rows[i] += from->rows[i];
	into->negative += from->negative;
	into->errors += from->errors;
	hist_merge(&into->values, &from->values);
}

void dist_clear(struct dist *dist)
{
	memset(dist->rows, 0, sizeof(dist->rows));
	dist->negative = dist->errors = 0;
	hist_clear(&dist->values);
}

void dist_put_bound(struct buf *out, bool is_time, uint64_t value)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const sizes[] = { "", "K", "M", "G", "T", "P", "E" };
	unsigned unit = 0, step = is_time ? 1000 : 1024;

	while (value && value % step == 0 && unit < (is_time ? 3 : 6)) {
		value /= step;
		unit++;
	}
	buf_printf(out, "%" PRIu64 "%s", value, !value ? "" : is_time ? times[unit] : sizes[unit]);
}

static void put_number(struct buf *out, bool is_time, uint64_t value)
{
	if (is_time)
		value_put_duration(out, value);
	else
		buf_printf(out, "%" PRIu64, value);
}

static void put_quantiles(const struct dist *dist, bool is_time, const char *between,
			  struct buf *out)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = { { "min", 0 }, { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 },
			  { "max", 1 } };
	const struct hist *values = &dist->values;

	buf_printf(out, "  count %" PRIu64, values->count + dist->negative);
	if (dist->errors)
		buf_printf(out, "  errors %" PRIu64, dist->errors);
	if (values->count) {
		buf_printf(out, "%s  mean ", dist->negative ? "  from 0 on:" : "");
		put_number(out, is_time, values->sum / values->count);
		buf_printf(out, "%s", between);
	}
	for (unsigned i = 0; values->count && i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		buf_printf(out, "  %s ", quantiles[i].name);
		put_number(out, is_time, hist_quantile(values, quantiles[i].q));
	}
	buf_u8(out, '\n');
}

static void put_right(struct buf *out, bool is_time, uint64_t bound, int width)
{
	struct buf text = { 0 };

	dist_put_bound(&text, is_time, bound);
	buf_printf(out, "%*.*s", width, (int)text.len, (char *)text.data);
	buf_free(&text);
}

enum { BESIDE_BAR = 44 }; /* columns that bounds, count and percent take */

static void put_row(const struct dist *dist, bool is_time, unsigned row, uint64_t most, int width,
		    struct buf *out)
{
	uint64_t all = dist->values.count + dist->negative;
	int bar = (int)((double)dist->rows[row] / (double)most * width + 0.999);

	buf_u8(out, ' ');
	put_right(out, is_time, dist_from(is_time, row), 7);
	if (row) {
		buf_printf(out, " .. ");
		put_right(out, is_time, dist_from(is_time, row + 1), 6);
	} else {
		buf_printf(out, "%10s", "");
	}
	buf_printf(out, " %10" PRIu64 " %5.1f%% |", dist->rows[row],
		   100 * (double)dist->rows[row] / (double)all);
	buf_fill(out, '#', (size_t)bar);
	buf_printf(out, "%*s|\n", width - bar, "");
}

void dist_put(const struct dist *dist, bool is_time, int columns, struct buf *out)
{
	unsigned first = DIST_ROWS, last = 0;
	uint64_t most = 1;
	int width = columns - BESIDE_BAR;

	width = width < 10 ? 10 : width > 60 ? 60 : width;
	put_quantiles(dist, is_time, columns < 100 ? "\n" : "", out);
	for (unsigned row = 0; row < DIST_ROWS; row++) {
		if (!dist->rows[row])
			continue;
		first = first == DIST_ROWS ? row : first;
		last = row;
		most = dist->rows[row] > most ? dist->rows[row] : most;
	}
	if (dist->negative)
		buf_printf(out, " %17s %10" PRIu64 " %5.1f%%\n", "below 0", dist->negative,
			   100 * (double)dist->negative /
			   (double)(dist->values.count + dist->negative));
	for (unsigned row = first; row <= last; row++)
		put_row(dist, is_time, row, most, width, out);
}

void dist_put_json(const struct dist *dist, bool is_time, struct buf *out)
{
	const struct hist *values = &dist->values;
	const char *comma = "";

	buf_printf(out, "\"count\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"negative\":%" PRIu64,
		   values->count + dist->negative, dist->errors, dist->negative);
	if (values->count)
		buf_printf(out, ",\"sum\":%" PRIu64 ",\"min\":%" PRIu64 ",\"p50\":%" PRIu64
			   ",\"p90\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64,
			   values->sum, values->min, hist_quantile(values, 0.5),
			   hist_quantile(values, 0.9), hist_quantile(values, 0.99), values->max);
	buf_printf(out, ",\"buckets\":[");
	for (unsigned row = 0; row < DIST_ROWS; row++) {
		if (!dist->rows[row])
			continue;
		buf_printf(out, "%s{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"count\":%" PRIu64 "}",
			   comma, dist_from(is_time, row), dist_from(is_time, row + 1),
			   dist->rows[row]);
		comma = ",";
	}
	buf_u8(out, ']');
}
