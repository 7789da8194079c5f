/* SPDX-License-Identifier: MIT */
/* Rows of distributions at their bounds, and heat maps that outgrow their slices. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "live/dist.h"
#include "live/heat.h"

static int failures;

static void equal(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	fprintf(stderr, "%s: %" PRIu64 ", want %" PRIu64 "\n", what, got, want);
	failures++;
}

/* Each row holds the number it begins with and the last before the next row. */
static void bounds(bool is_time, unsigned rows)
{
	for (unsigned row = 0; row < rows; row++) {
		uint64_t from = dist_from(is_time, row), to = dist_from(is_time, row + 1);

		equal("row of its first number", dist_row(is_time, from), row);
		equal("row of its last number", dist_row(is_time, to - 1), row);
		equal("rows ascend", from < to, true);
	}
	equal("row of the largest", dist_row(is_time, UINT64_MAX), rows - 1);
}

static void labels(void)
{
	static const struct {
		bool is_time;
		uint64_t value;
		const char *text;
	} want[] = { { true, 0, "0" }, { true, 500, "500ns" }, { true, 1000, "1us" },
		     { true, 20000000, "20ms" }, { true, 5000000000, "5s" },
		     { true, 100000000000000, "100000s" }, { false, 0, "0" }, { false, 512, "512" },
		     { false, 65536, "64K" }, { false, 1ULL << 63, "8E" } };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct buf out = { 0 };

		dist_put_bound(&out, want[i].is_time, want[i].value);
		buf_u8(&out, 0);
		equal(want[i].text, (uint64_t)strcmp((char *)out.data, want[i].text), 0);
		buf_free(&out);
	}
}

static void expect_text(const char *what, struct buf *out, const char *want)
{
	buf_u8(out, 0);
	if (strcmp((char *)out->data, want) != 0) {
		fprintf(stderr, "%s:\n%s\nwant:\n%s\n", what, (char *)out->data, want);
		failures++;
	}
	buf_free(out);
}

static void printed(void)
{
	struct dist dist = { .negative = 1 };
	struct buf out = { 0 };

	for (int i = 0; i < 6; i++)
		dist_add(&dist, false, 100);
	for (int i = 0; i < 2; i++)
		dist_add(&dist, false, 300);
	dist_add(&dist, false, 0);
	dist_put(&dist, false, 54, &out);
	expect_text("histogram", &out,
		    "  count 10  from 0 on:  mean 133\n"
		    "  min 0  p50 100  p90 300  p99 300  max 300\n"
		    "           below 0          1  10.0%\n"
		    "       0                    1  10.0% |##        |\n"
		    "       1 ..      2          0   0.0% |          |\n"
		    "       2 ..      4          0   0.0% |          |\n"
		    "       4 ..      8          0   0.0% |          |\n"
		    "       8 ..     16          0   0.0% |          |\n"
		    "      16 ..     32          0   0.0% |          |\n"
		    "      32 ..     64          0   0.0% |          |\n"
		    "      64 ..    128          6  60.0% |##########|\n"
		    "     128 ..    256          0   0.0% |          |\n"
		    "     256 ..    512          2  20.0% |####      |\n");
	hist_free(&dist.values);
}

/* One number in each slice, three times as many slices as there is room for. */
static void many_slices(void)
{
	struct heat heat = { .slice_ns = 10 };
	uint64_t sum = 0;

	for (uint64_t time = 0; time < 3 * HEAT_SLICES; time++)
		heat_add(&heat, 10 * time, time % 2 ? 5 : 7);
	equal("length of a slice", heat.slice_ns, 40);
	equal("slices", heat.nslices, 3 * HEAT_SLICES / 4);
	for (size_t i = 0; i < heat.nslices; i++) {
		equal("in a row of a slice", heat.counts[i][5], 2);
		sum += heat.counts[i][5] + heat.counts[i][7];
	}
	equal("in all", sum, 3 * HEAT_SLICES);
	heat_fit(&heat, 21 + 50);
	equal("slices beside labels", heat.nslices, 48);
	equal("their length", heat.slice_ns, 160);
	equal("in a row of four", heat.counts[47][7], 8);
	heat_free(&heat);
}

static void map(void)
{
	struct heat heat = { .slice_ns = 1000000000 };
	struct buf out = { 0 };

	for (unsigned i = 0; i < 256; i++)
		heat_add(&heat, 2500000000, dist_row(true, 1500));
	for (unsigned i = 0; i < 3; i++)
		heat_add(&heat, 500000000, dist_row(true, 7000));
	heat_put(&heat, true, false, &out);
	expect_text("heat map", &out,
		    "     5us |:  | 3\n"
		    "     2us |   | 0\n"
		    "     1us |  @| 256\n"
		    "         . 1  : 2-3  - 4-7  = 8-15  + 16-31  * 32-63  # 64-127  @ 128-256\n"
		    "         a column is 1s, 3 of them\n");
	heat_free(&heat);
}

int main(void)
{
	bounds(true, 59);
	bounds(false, 65);
	labels();
	printed();
	many_slices();
	map();
	if (!failures)
		puts("ok");
	return failures > 0;
}
