/* SPDX-License-Identifier: MIT */
/*
 * What many numbers were like, in bounded memory. A quantile is within 1/64 of the number it
 * stands for: each power of two is cut into 32 equal buckets, and numbers below 32 have one
 * each. Only powers of two that occurred have memory (256 bytes each).
 */
#ifndef LIVE_STATS_H
#define LIVE_STATS_H

#include <stddef.h>
#include <stdint.h>

#define HIST_SUB_BITS 5
#define HIST_SUB (1u << HIST_SUB_BITS)
#define HIST_OCTAVES (64 - HIST_SUB_BITS + 1)

struct hist {
	uint64_t count;
	uint64_t min, max; /* exact; of an empty one 0 */
	uint64_t sum;      /* exact modulo 2^64 */
	uint64_t *octaves[HIST_OCTAVES]; /* HIST_SUB counts each, or NULL */
};

/* Zero-initialise to start; hist_free() leaves it empty and usable again. */
void hist_add(struct hist *hist, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);
void hist_clear(struct hist *hist); /* keeps the memory */
void hist_free(struct hist *hist);

/*
 * The number of which a part `q` (0 .. 1) of all are at most as large, by nearest rank: 0.5 is
 * the median, 1 the largest. 0 when there are none.
 */
uint64_t hist_quantile(const struct hist *hist, double q);

#endif
