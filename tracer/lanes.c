/* SPDX-License-Identifier: MIT */
/* Lays the spans of one track into lanes in which they nest. */
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tracer/lanes.h"

struct lane {
	struct lanes_span **open; /* each within the one before it */
	size_t nopen, cap;
};

struct lanes {
	struct lane *lanes;
	size_t n, cap;
};

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Ends what is over at `start`, clear of it and of what it lies in. */
static void close_before(struct lane *lane, uint64_t start)
{
	size_t keep = lane->nopen;
	uint64_t limit = start > LANES_GAP ? start - LANES_GAP : 0;

	while (keep && lane->open[keep - 1]->end <= start)
		keep--;
	for (size_t i = keep; i < lane->nopen && lane->open[i]->end > limit; i++) {
		lane->open[i]->end = max64(lane->open[i]->start, limit);
		limit = limit > LANES_GAP ? limit - LANES_GAP : 0;
	}
	lane->nopen = keep;
}

static bool fits(const struct lane *lane, const struct lanes_span *span)
{
	return !lane->nopen || span->end <= lane->open[lane->nopen - 1]->end;
}

static void place(struct lane *lane, struct lanes_span *span)
{
	if (lane->nopen) {
		uint64_t end = lane->open[lane->nopen - 1]->end;
		uint64_t limit = end > LANES_GAP ? end - LANES_GAP : 0;

		if (span->end > limit)
			span->end = max64(span->start, limit);
	}
	mem_grow(&lane->open, lane->nopen, &lane->cap, sizeof(*lane->open));
	lane->open[lane->nopen++] = span;
}

static void lay(struct lanes *lanes, struct lanes_span *span)
{
	size_t i = 0;

	for (; i < lanes->n; i++) {
		close_before(&lanes->lanes[i], span->start);
		if (fits(&lanes->lanes[i], span))
			break;
	}
	if (i == lanes->n) {
		mem_grow(&lanes->lanes, lanes->n, &lanes->cap, sizeof(*lanes->lanes));
		lanes->lanes[lanes->n++] = (struct lane){ 0 };
	}
	place(&lanes->lanes[i], span);
	span->lane = (uint32_t)i;
}

uint32_t lanes_lay(struct lanes_span *const *spans, size_t n)
{
	struct lanes lanes = { 0 };

	for (size_t i = 0; i < n; i++)
		lay(&lanes, spans[i]);
	for (size_t i = 0; i < lanes.n; i++)
		free(lanes.lanes[i].open);
	free(lanes.lanes);
	return (uint32_t)lanes.n;
}
