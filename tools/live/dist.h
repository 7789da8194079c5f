/* SPDX-License-Identifier: MIT */
/*
 * A distribution in rows for people: times in steps of 1, 2, 5, 10 ..., other numbers in
 * powers of two. Each number is counted in the row that it belongs to, so that rows are exact.
 */
#ifndef LIVE_DIST_H
#define LIVE_DIST_H

#include <stdbool.h>

#include "base/buf.h"
#include "live/stats.h"

#define DIST_ROWS 66

struct dist {
	uint64_t rows[DIST_ROWS];
	uint64_t negative; /* numbers below 0, which are in no row */
	uint64_t errors;
	struct hist values;
};

void dist_add(struct dist *dist, bool is_time, uint64_t value);
void dist_merge(struct dist *into, const struct dist *from);
void dist_clear(struct dist *dist);

/* Row 0 holds the number 0, row n the numbers from dist_from(n) to before dist_from(n + 1). */
unsigned dist_row(bool is_time, uint64_t value);
uint64_t dist_from(bool is_time, unsigned row);

/* Appends 20us or 64K, for a number where a row begins. */
void dist_put_bound(struct buf *out, bool is_time, uint64_t value);

/* Appends a line of quantiles, then the rows with bars; `columns` is the width. */
void dist_put(const struct dist *dist, bool is_time, int columns, struct buf *out);

/* Appends "count": ..., "buckets": [...], without braces around them. */
void dist_put_json(const struct dist *dist, bool is_time, struct buf *out);

#endif
