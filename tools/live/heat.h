/* SPDX-License-Identifier: MIT */
/* A heat map: how many of each row of a distribution (live/dist.h) in each slice of time. */
#ifndef LIVE_HEAT_H
#define LIVE_HEAT_H

#include "live/dist.h"

#define HEAT_SLICES 256

/*
 * The slices double their length, by joining two and two, when there are too many. Set
 * `slice_ns` to start; heat_free() leaves it without slices.
 */
struct heat {
	uint64_t slice_ns;
	size_t nslices;
	uint32_t (*counts)[DIST_ROWS]; /* HEAT_SLICES of them, or NULL */
};

/* `time_ns` is since the beginning of the map. */
void heat_add(struct heat *heat, uint64_t time_ns, unsigned row);
void heat_free(struct heat *heat);

/* Joins slices until they are at least slice_ns long. */
void heat_widen(struct heat *heat, uint64_t slice_ns);

/* Joins slices until there are at most as many as fit beside the labels in `columns`. */
void heat_fit(struct heat *heat, int columns);

/* Appends the map, large numbers on top: with colours, or with the characters " .:-=+*#@". */
void heat_put(const struct heat *heat, bool is_time, bool coloured, struct buf *out);

/* Appends "slice_ns": ..., "slices": [[{...}]...], without braces around them. */
void heat_put_json(const struct heat *heat, bool is_time, struct buf *out);

#endif
