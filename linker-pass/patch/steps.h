/* SPDX-License-Identifier: MIT */
/*
 * The machine code of a trampoline's steps, which make ready what the note cannot name
 * itself, and the data they read. Position-independent; uses %r12, %r13 and the flags,
 * all of which are dead at a function's entry and returns; reads no memory that may be
 * absent.
 *
 *   data      zeros             what a pointer that is nil leads to
 *             tables            256 bytes each, aligned to as many
 */
#ifndef PATCH_STEPS_H
#define PATCH_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "probe/bind.h"

struct steps_table {
	const struct def_enum *numbers; /* borrowed */
	size_t off;                     /* in the segment */
};

struct steps_data {
	uint64_t vaddr; /* of the segment that `out` becomes */
	size_t zeros;   /* where they are in it */
	struct steps_table *tables;
	size_t ntables, tables_cap;
};

/* Puts at least `size` zeros. */
void steps_data_start(struct steps_data *data, struct buf *out, uint64_t vaddr, size_t size);
/* Puts the tables that the probe's steps need and that are not there yet. */
void steps_data_add(struct steps_data *data, struct buf *out, const struct bound_probe *probe);
void steps_data_free(struct steps_data *data);

/* Whether code near the data can name what the steps look at: less than 1 GiB away. */
bool steps_reach(const struct steps_data *data, const struct bound_probe *probe);

/* Jumps to behind the nop site, when the probe is not to fire. */
struct steps_skips {
	size_t jumps[24];
	int count;
};

/* Puts the code at out's end. `depth` is that of the site's spot. */
void steps_put(struct buf *out, const struct steps_data *data, const struct bound_probe *probe,
	       uint32_t depth, struct steps_skips *skips_ret);
/* The skips lead to out's end: call it behind the nop site. */
void steps_land(struct buf *out, const struct steps_skips *skips);

#endif
