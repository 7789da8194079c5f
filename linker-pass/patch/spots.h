/* SPDX-License-Identifier: MIT */
/*
 * Where in one function a probe can stand: after the stack check, and before each return;
 * on the nops that a patched toolchain left there (patch/frame.h), else on the instructions.
 * Pure: reads the code, changes nothing.
 */
#ifndef PATCH_SPOTS_H
#define PATCH_SPOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"
#include "go/gobin.h"
#include "patch/insn.h"
#include "probe/refusal.h"

/*
 * Bytes that a detour displaces, whole instructions:
 *
 *   addr            addr+pre                addr+len
 *   | pre bytes     | frame set-up or return |
 *   run before       ^ the probe fires here
 *   the probe
 *
 * or an in-place site: the probe fires at addr, where a note can point as it is; a detour
 * would displace just the nops.
 */
struct spot {
	uint64_t addr;
	uint32_t len;
	uint32_t pre;   /* only in short returns: instructions that still make the result */
	uint32_t depth; /* entry %rsp minus %rsp where the probe fires, in bytes */
	bool inplace;
	/* In-place sites only: why no detour can displace it, or REFUSED_NONE. */
	enum refusal fixed;
	enum refusal refusal;
};

struct spots {
	struct spot entry;
	struct spot *returns; /* in address order; owned */
	size_t nreturns;
	enum refusal returns_refusal; /* why the function's returns as a whole cannot be used */
};

/*
 * Finds the spots of `func`. A function's returns are in-place sites all or none. `nosplit`
 * accepts a function without a stack check; those with in-place sites need no such leave.
 */
void spots_find(const struct insn_decoder *decoder, const struct image *image,
		const struct gofunc *func, bool nosplit, struct spots *spots_ret);
void spots_free(struct spots *spots);

#endif
