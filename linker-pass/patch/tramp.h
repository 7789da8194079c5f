/* SPDX-License-Identifier: MIT */
/*
 * Trampolines: the code of the new R-X segment, and the jumps that lead there.
 *
 *   segment   +0    one byte that .stapsdt.base names
 *             +16   data of the steps (patch/steps.h)
 *             ...   trampolines, 16-byte aligned
 *
 *   site:     e9 rel32 cc...      jmp T
 *   T:        [pre bytes]         of a short return
 *             [steps]             into %r12 and %r13, or past the nop site (patch/steps.h)
 *             90 | 66 2e 0f 1f 84 00 00000000   nop site; one per probe, never over a page
 *             displaced bytes
 *             e9 rel32            jmp back, unless they end in ret
 *
 * Sites whose tactic is not the detour have none of this.
 */
#ifndef PATCH_TRAMP_H
#define PATCH_TRAMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "elf/image.h"
#include "patch/plan.h"
#include "patch/steps.h"

#define TRAMP_NOP_LEN 11
extern const uint8_t tramp_nop[TRAMP_NOP_LEN];

/* Bytes that replace others of the same length in the file. */
struct edit {
	uint64_t off; /* in the file */
	uint32_t len;
	uint8_t *bytes; /* owned */
};

struct detour {
	uint64_t addr; /* of the displaced bytes */
	uint32_t len;
	uint64_t tramp; /* address of the trampoline */
	uint32_t tramp_len;
	const struct site *site; /* the first of those that share it; borrowed */
};

struct tramps {
	uint64_t vaddr; /* of the segment */
	struct buf text;
	struct steps_data data;
	struct detour *detours; /* by addr */
	size_t ndetours;
	struct edit *edits; /* one per detour, in the same order */
};

/*
 * Builds the segment that will lie at `vaddr` and sets the pc of the plan's sites. Errors:
 * a function more than 2 GiB away. The caller owns the result (tramp_free()).
 */
struct err *tramp_build(const struct image *image, struct plan *plan, uint64_t vaddr,
			struct tramps **tramps_ret);
void tramp_free(struct tramps *tramps); /* NULL is fine */

#endif
