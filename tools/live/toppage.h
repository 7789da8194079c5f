/* SPDX-License-Identifier: MIT */
/* The table of `probes top`: for each probe a row, and below it rows of its keys. */
#ifndef LIVE_TOPPAGE_H
#define LIVE_TOPPAGE_H

#include "base/buf.h"
#include "live/stats.h"
#include "live/tally.h"

struct top_counts {
	uint64_t events, errors;
	struct hist latency; /* of spans, ns */
};

struct top_row {
	struct tally tally;
	struct top_counts now;  /* in the interval that is under way */
	struct top_counts last; /* in the one before, which is shown */
	struct top_counts all;  /* since the start */
};

enum top_sort { TOP_RATE, TOP_P99, TOP_ERRORS, TOP_TOTAL, TOP_NSORTS };

extern const char *const top_sort_names[TOP_NSORTS + 1]; /* ends with NULL */

struct top_page {
	const struct tallies *rows; /* of struct top_row */
	enum top_sort sort;
	double seconds;   /* that the counts are for */
	int columns;      /* width */
	size_t lines;     /* at most, the heading included; 0 = no limit */
	bool whole;       /* show `all`, not `last` */
	bool idle;        /* show also what had no events */
	bool styled;      /* bold and dim, by ANSI escapes */
};

/* Appends the table. What has no room is counted in a last line. */
void top_page(const struct top_page *page, struct buf *out);

/* The rows by probe, and in each by `sort`; the row of the probe itself comes first. The
 * caller frees the array of rows->n pointers. */
struct top_row **top_sorted(const struct top_page *page);

#endif
