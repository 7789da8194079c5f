/* SPDX-License-Identifier: MIT */
/* Heat maps in a terminal. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/heat.h"
#include "tracer/value.h"

enum { LEVELS = 8, BESIDE = 21 }; /* columns of the label and of the count of a row */

static const char shades[] = " .:-=+*#@";
static const int colours[] = { 0, 17, 19, 25, 31, 71, 178, 208, 196 }; /* of 256 */

/* Two slices become one. */
static void halve(struct heat *heat)
{
	for (size_t i = 0; i < heat->nslices; i++) {
		uint32_t *into = heat->counts[i / 2];

		if (i % 2)
			for (unsigned row = 0; row < DIST_ROWS; row++)
				into[row] += heat->counts[i][row];
		else if (i)
			memcpy(into, heat->counts[i], sizeof(heat->counts[i]));
	}
	size_t kept = (heat->nslices + 1) / 2;

	if (heat->nslices)
		memset(heat->counts[kept], 0, (HEAT_SLICES - kept) * sizeof(heat->counts[0]));
	heat->nslices = kept;
	heat->slice_ns *= 2;
}

void heat_add(struct heat *heat, uint64_t time_ns, unsigned row)
{
	if (!heat->counts)
		heat->counts = mem_zalloc(HEAT_SLICES * sizeof(heat->counts[0]));
	while (time_ns / heat->slice_ns >= HEAT_SLICES)
		halve(heat);
	size_t slice = (size_t)(time_ns / heat->slice_ns);

	heat->counts[slice][row]++;
	heat->nslices = slice >= heat->nslices ? slice + 1 : heat->nslices;
}

void heat_free(struct heat *heat)
{
	free(heat->counts);
	heat->counts = NULL;
	heat->nslices = 0;
}

void heat_widen(struct heat *heat, uint64_t slice_ns)
{
	while (heat->slice_ns < slice_ns)
		halve(heat);
}

void heat_fit(struct heat *heat, int columns)
{
	int room = columns - BESIDE < 10 ? 10 : columns - BESIDE;

	while (heat->nslices > (size_t)room)
		halve(heat);
}

/*
 * The smallest count of each level: level 1 begins at 1, the last at the largest count or
 * before, and those between by equal factors. Equal ones fall together.
 */
static void set_levels(uint32_t most, uint32_t floors[LEVELS + 1])
{
	double factor = 1;

	floors[0] = 0;
	/* The 8th root of `most`, by bisection: no need of libm. */
	for (double step = 16; step > 1e-6; step /= 2) {
		double try = factor + step, power = 1;

		for (int i = 0; i < LEVELS; i++)
			power *= try;
		if (power <= most)
			factor = try;
	}
	double floor = 1;

	for (int level = 1; level <= LEVELS; level++) {
		floors[level] = (uint32_t)floor + ((double)(uint32_t)floor < floor - 1e-3);
		floor *= factor;
	}
}

static int level_of(uint32_t count, const uint32_t floors[LEVELS + 1])
{
	int level = LEVELS;

	while (level && count < floors[level])
		level--;
	return count ? level : 0;
}

static void put_cell(struct buf *out, int level, bool coloured)
{
	if (coloured && level)
		buf_printf(out, "\033[48;5;%dm \033[0m", colours[level]);
	else
		buf_u8(out, coloured ? ' ' : (uint8_t)shades[level]);
}

struct extent {
	unsigned first, last; /* rows that are not empty */
	uint32_t most;
	uint64_t sums[DIST_ROWS];
};

static struct extent extent_of(const struct heat *heat)
{
	struct extent extent = { .first = DIST_ROWS };

	for (size_t i = 0; i < heat->nslices; i++)
		for (unsigned row = 0; row < DIST_ROWS; row++) {
			uint32_t count = heat->counts[i][row];

			extent.sums[row] += count;
			extent.most = count > extent.most ? count : extent.most;
		}
	for (unsigned row = 0; row < DIST_ROWS; row++) {
		if (!extent.sums[row])
			continue;
		extent.first = extent.first == DIST_ROWS ? row : extent.first;
		extent.last = row;
	}
	return extent;
}

/* What the shades stand for, and how long a column is. */
static void put_legend(const struct heat *heat, const uint32_t floors[LEVELS + 1], uint32_t most,
		       bool coloured, struct buf *out)
{
	buf_printf(out, "%9s", "");
	for (int level = 1; level <= LEVELS; level++) {
		uint32_t to = level == LEVELS ? most : floors[level + 1] - 1;

		if (floors[level] > to)
			continue;
		put_cell(out, level, coloured);
		buf_printf(out, " %u", floors[level]);
		if (to > floors[level])
			buf_printf(out, "-%u", to);
		buf_printf(out, "%s", level < LEVELS ? "  " : "");
	}
	buf_printf(out, "\n%9sa column is ", "");
	dist_put_bound(out, true, heat->slice_ns);
	buf_printf(out, ", %zu of them\n", heat->nslices);
}

void heat_put(const struct heat *heat, bool is_time, bool coloured, struct buf *out)
{
	struct extent extent = extent_of(heat);
	uint32_t floors[LEVELS + 1];

	if (!extent.most)
		return;
	set_levels(extent.most, floors);
	for (unsigned row = extent.last + 1; row-- > extent.first;) {
		struct buf label = { 0 };

		dist_put_bound(&label, is_time, dist_from(is_time, row));
		buf_printf(out, "%8.*s |", (int)label.len, (char *)label.data);
		buf_free(&label);
		for (size_t i = 0; i < heat->nslices; i++)
			put_cell(out, level_of(heat->counts[i][row], floors), coloured);
		buf_printf(out, "| %" PRIu64 "\n", extent.sums[row]);
	}
	put_legend(heat, floors, extent.most, coloured, out);
}

void heat_put_json(const struct heat *heat, bool is_time, struct buf *out)
{
	buf_printf(out, "\"slice_ns\":%" PRIu64 ",\"slices\":[", heat->slice_ns);
	for (size_t i = 0; i < heat->nslices; i++) {
		const char *comma = "";

		buf_printf(out, "%s[", i ? "," : "");
		for (unsigned row = 0; row < DIST_ROWS; row++) {
			if (!heat->counts[i][row])
				continue;
			buf_printf(out, "%s{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"count\":%u}",
				   comma, dist_from(is_time, row), dist_from(is_time, row + 1),
				   heat->counts[i][row]);
			comma = ",";
		}
		buf_u8(out, ']');
	}
	buf_u8(out, ']');
}
