/* SPDX-License-Identifier: MIT */
/* Spans in lanes: each lane nests, also for a reader that cuts times off, and none is lost. */
#include <stdio.h>
#include <stdlib.h>

#include "tracer/lanes.h"

enum { MOST = 200 };

static int failures;

static void expect(int holds, const char *what, unsigned seed)
{
	if (holds)
		return;
	printf("seed %u: %s\n", seed, what);
	failures++;
}

/* As readers do: microseconds in floating point, times 1000, cut off. */
static uint64_t as_read(uint64_t ns)
{
	char text[40];

	snprintf(text, sizeof(text), "%llu.%03u", (unsigned long long)(ns / 1000),
		 (unsigned)(ns % 1000));
	return (uint64_t)(strtod(text, NULL) * 1000.0);
}

/* A reader's stack of one lane: false when it would have to drop the span. */
static int reader_takes(struct lanes_span *const *open, size_t *nopen, struct lanes_span *span)
{
	uint64_t start = as_read(span->start), end = start + as_read(span->end - span->start);

	while (*nopen) {
		uint64_t top = as_read(open[*nopen - 1]->start);
		uint64_t length = as_read(open[*nopen - 1]->end - open[*nopen - 1]->start);

		if (top + length > start)
			return end <= top + length;
		--*nopen;
	}
	return 1;
}

static int by_start(const void *left, const void *right)
{
	const struct lanes_span *a = *(struct lanes_span *const *)left;
	const struct lanes_span *b = *(struct lanes_span *const *)right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void check_lane(struct lanes_span **spans, size_t n, uint32_t lane, unsigned seed)
{
	struct lanes_span *open[MOST];
	size_t nopen = 0;

	for (size_t i = 0; i < n; i++) {
		if (spans[i]->lane != lane)
			continue;
		expect(reader_takes(open, &nopen, spans[i]), "a reader drops a span", seed);
		open[nopen++] = spans[i];
	}
}

/* Few distinct times, so that ends and starts often touch. */
static void check_random(unsigned seed)
{
	static struct lanes_span all[MOST];
	struct lanes_span *spans[MOST];
	uint64_t ends[MOST];
	size_t n = 2 + seed % (MOST - 2);
	uint64_t step = 1 + seed % 1009, base = seed * 7919ull;
	uint32_t lanes;

	srand(seed);
	for (size_t i = 0; i < n; i++) {
		all[i].start = base + (uint64_t)(rand() % 50) * step;
		all[i].end = all[i].start + (uint64_t)(rand() % 20) * step;
		spans[i] = &all[i];
	}
	qsort(spans, n, sizeof(*spans), by_start);
	for (size_t i = 0; i < n; i++)
		ends[i] = spans[i]->end;
	lanes = lanes_lay(spans, n);
	for (uint32_t lane = 0; lane < lanes; lane++)
		check_lane(spans, n, lane, seed);
	for (size_t i = 0; i < n; i++) {
		expect(spans[i]->lane < lanes, "a lane that does not exist", seed);
		expect(spans[i]->end >= spans[i]->start, "a negative duration", seed);
		expect(spans[i]->end <= ends[i] && ends[i] - spans[i]->end <= n * LANES_GAP * 2,
		       "an end moved too far", seed);
	}
}

static void check_nested(void)
{
	struct lanes_span all[] = {
		{ .start = 0, .end = 1000 }, { .start = 0, .end = 500 },
		{ .start = 100, .end = 500 }, { .start = 500, .end = 1000 },
		{ .start = 700, .end = 1200 }, { .start = 1000, .end = 1100 },
	};
	static const struct lanes_span want[] = {
		{ 0, 998, 0 }, { 0, 498, 0 }, { 100, 496, 0 }, { 500, 996, 0 },
		{ 700, 1200, 1 }, { 1000, 1100, 0 },
	};
	struct lanes_span *spans[6];

	for (size_t i = 0; i < 6; i++)
		spans[i] = &all[i];
	expect(lanes_lay(spans, 6) == 2, "not two lanes", 0);
	for (size_t i = 0; i < 6; i++) {
		if (all[i].end == want[i].end && all[i].lane == want[i].lane)
			continue;
		printf("span %zu: ends at %llu in lane %u\n", i, (unsigned long long)all[i].end,
		       all[i].lane);
		failures++;
	}
}

int main(void)
{
	check_nested();
	for (unsigned seed = 1; seed <= 2000; seed++)
		check_random(seed);
	return failures != 0;
}
