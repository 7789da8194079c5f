/* SPDX-License-Identifier: MIT */
/* Histograms of 32 buckets for each power of two. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/stats.h"

/* Octave 0 holds 0 .. 31, octave k the 32 buckets of width 2^(k-1) from 2^(k+4) on. */
static unsigned octave_of(uint64_t value)
{
	return value < HIST_SUB ? 0 : 64 - HIST_SUB_BITS - (unsigned)__builtin_clzll(value);
}

static unsigned bucket_of(uint64_t value, unsigned octave)
{
	return (unsigned)(octave ? (value >> (octave - 1)) - HIST_SUB : value);
}

/* The middle of a bucket; of one of width 1, its only number. */
static uint64_t bucket_middle(unsigned octave, unsigned bucket)
{
	uint64_t width = octave ? 1ULL << (octave - 1) : 1;

	if (!octave)
		return bucket;
	return ((uint64_t)HIST_SUB + bucket) * width + (width - 1) / 2;
}

static uint64_t *octave_counts(struct hist *hist, unsigned octave)
{
	if (!hist->octaves[octave])
		hist->octaves[octave] = mem_zalloc(HIST_SUB * sizeof(uint64_t));
	return hist->octaves[octave];
}

static void take_range(struct hist *hist, uint64_t min, uint64_t max)
{
	if (!hist->count || min < hist->min)
		hist->min = min;
	if (!hist->count || max > hist->max)
		hist->max = max;
}

void hist_add(struct hist *hist, uint64_t value)
{
	unsigned octave = octave_of(value);

	octave_counts(hist, octave)[bucket_of(value, octave)]++;
	take_range(hist, value, value);
	hist->count++;
	hist->sum += value;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (!from->count)
		return;
	take_range(into, from->min, from->max);
	into->count += from->count;
	into->sum += from->sum;
	for (unsigned octave = 0; octave < HIST_OCTAVES; octave++) {
		if (!from->octaves[octave])
			continue;
		uint64_t *counts = octave_counts(into, octave);

		for (unsigned i = 0; i < HIST_SUB; i++)
			counts[i] += from->octaves[octave][i];
	}
}

void hist_clear(struct hist *hist)
{
	if (!hist->count)
		return;
	for (unsigned octave = 0; octave < HIST_OCTAVES; octave++)
		if (hist->octaves[octave])
			memset(hist->octaves[octave], 0, HIST_SUB * sizeof(uint64_t));
	hist->count = hist->min = hist->max = hist->sum = 0;
}

void hist_free(struct hist *hist)
{
	for (unsigned octave = 0; octave < HIST_OCTAVES; octave++)
		free(hist->octaves[octave]);
	*hist = (struct hist){ 0 };
}

static uint64_t within(const struct hist *hist, uint64_t value)
{
	return value < hist->min ? hist->min : value > hist->max ? hist->max : value;
}

uint64_t hist_quantile(const struct hist *hist, double q)
{
	double share = q * (double)hist->count;
	uint64_t rank = (uint64_t)share, seen = 0;

	rank += (double)rank < share;
	if (rank >= hist->count)
		return hist->max;
	if (rank <= 1)
		return hist->min;
	for (unsigned octave = 0; octave < HIST_OCTAVES; octave++) {
		const uint64_t *counts = hist->octaves[octave];

		for (unsigned i = 0; counts && i < HIST_SUB; i++) {
			seen += counts[i];
			if (seen >= rank)
				return within(hist, bucket_middle(octave, i));
		}
	}
	return hist->max;
}
