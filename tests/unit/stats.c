/* SPDX-License-Identifier: MIT */
/* Histograms against sorted numbers, and the table by key against counts kept apart. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/stats.h"
#include "live/tally.h"

static int failures;

static void check(bool holds, const char *what, uint64_t got, uint64_t want)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %" PRIu64 ", want %" PRIu64 "\n", what, got, want);
	failures++;
}

static void equal(const char *what, uint64_t got, uint64_t want)
{
	check(got == want, what, got, want);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t seed = 1;

static uint64_t next(void) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Each quantile is within 1/64 of the number that has its rank. */
static void quantiles(const struct hist *hist, uint64_t *values, size_t n)
{
	static const double at[] = { 0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };

	qsort(values, n, sizeof(*values), compare);
	equal("count", hist->count, n);
	equal("min", hist->min, values[0]);
	equal("max", hist->max, values[n - 1]);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		size_t rank = (size_t)(at[i] * (double)n);

		rank += (double)rank < at[i] * (double)n;
		uint64_t want = values[rank ? rank - 1 : 0];
		uint64_t got = hist_quantile(hist, at[i]);
		uint64_t off = got > want ? got - want : want - got;
		char what[40];

		snprintf(what, sizeof(what), "quantile %g of %zu", at[i], n);
		check(off <= want / 64, what, got, want);
	}
}

enum { MANY = 20000 };

static void random_numbers(unsigned max_shift, size_t n)
{
	static uint64_t values[MANY];
	struct hist hist = { 0 }, half = { 0 };

	for (size_t i = 0; i < n; i++) {
		values[i] = next() >> (64 - max_shift + next() % max_shift);
		hist_add(i % 2 ? &hist : &half, values[i]);
	}
	hist_merge(&hist, &half);
	quantiles(&hist, values, n);
	hist_clear(&hist);
	equal("cleared", hist.count + hist.max + hist.min + hist_quantile(&hist, 0.5), 0);
	hist_merge(&hist, &half);
	equal("merged", hist.count, half.count);
	equal("sum", hist.sum, half.sum);
	hist_free(&hist);
	hist_free(&half);
}

static void edges(void)
{
	static const uint64_t values[] = { 0, 1, 31, 32, 33, 63, 64, 65, 1ULL << 62,
					   (1ULL << 63) - 1, 1ULL << 63, UINT64_MAX };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct hist hist = { 0 };

		for (int times = 0; times < 3; times++)
			hist_add(&hist, values[i]);
		equal("of equal numbers", hist_quantile(&hist, 0.5), values[i]);
		hist_free(&hist);
	}
}

struct row {
	struct tally tally;
	uint64_t events;
};

enum { KEYS = 1000, LIMIT = 300, EVENTS = 50000 };

static void bounded_table(void)
{
	struct tallies table = tallies_start(sizeof(struct row), LIMIT);
	static uint64_t truth[2][KEYS];
	uint64_t other[2] = { 0 }, sum = 0;

	for (unsigned i = 0; i < EVENTS; i++) {
		unsigned probe = (unsigned)next() % 2, key = (unsigned)next() % KEYS;
		char text[20];

		snprintf(text, sizeof(text), "%u", key);
		struct row *row = tallies_row(&table, "unit", probe ? "b" : "a", text);

		row->events++;
		truth[probe][key]++;
		if (row->tally.other)
			other[probe]++;
		else
			equal("its key", (uint64_t)strtoul(row->tally.key, NULL, 10), key);
	}
	struct row *whole = tallies_row(&table, "unit", "a", NULL);

	check(!whole->tally.other && !whole->tally.key, "the whole probe", 1, 0);
	equal("rows", table.n, LIMIT + 3);
	for (size_t i = 0; i < table.n; i++) {
		const struct row *row = table.rows[i];
		unsigned probe = row->tally.probe[5] == 'b';

		sum += row->events;
		if (row->tally.other)
			equal("others", row->events, other[probe]);
		else if (row->tally.key)
			equal("events of a key", row->events,
			      truth[probe][strtoul(row->tally.key, NULL, 10)]);
	}
	equal("all events", sum, EVENTS);
	tallies_free(&table, NULL);
}

int main(void)
{
	edges();
	for (unsigned shift = 1; shift <= 64; shift++)
		random_numbers(shift, 1 + next() % 500);
	random_numbers(30, MANY);
	bounded_table();
	if (!failures)
		puts("ok");
	return failures > 0;
}
