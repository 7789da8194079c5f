/* SPDX-License-Identifier: MIT */
/*
 * Where spans of one track go. Trace viewers draw the spans of a track as a call stack: two of
 * them must be apart, or one within the other. Spans that overlap in another way go to further
 * lanes, each of which becomes a track of its own.
 */
#ifndef TRACER_LANES_H
#define TRACER_LANES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Viewers read times as microseconds in floating point and cut off below a nanosecond, so
 * that equal ends can come out as an overlap. Ends that touch are moved apart by this much.
 */
#define LANES_GAP 2 /* ns */

struct lanes_span {
	uint64_t start, end; /* ns; end may be moved to an earlier time by some LANES_GAP */
	uint32_t lane;       /* set; from 0 */
};

/*
 * Gives each of the n spans the lowest lane in which it fits. They are sorted by start, and
 * by falling end where starts are equal. Returns the number of lanes.
 */
uint32_t lanes_lay(struct lanes_span *const *spans, size_t n);

#endif
