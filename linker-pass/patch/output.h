/* SPDX-License-Identifier: MIT */
/*
 * The rewritten file as edits of the input and a tail behind it; nothing is written here.
 *
 *   0 ............ original size   the input, with edits: ELF header, program header table
 *                                  (one entry longer), jumps at the sites
 *   page          R-X segment      .stapsdt.base, .goprobes.text, moved .interp and notes
 *                                  (none without detours)
 *                 .note.goprobes   META records, the undo record behind most of them
 *                 .note.stapsdt
 *                 .symtab .strtab  copies with a symbol per trampoline, if the input has one
 *                 .shstrtab        copy with the new names
 *                 section headers
 */
#ifndef PATCH_OUTPUT_H
#define PATCH_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"
#include "elf/image.h"
#include "elf/meta.h"
#include "patch/place.h"
#include "patch/plan.h"
#include "patch/tramp.h"

#define OUTPUT_TEXT_SECTION ".goprobes.text"

struct output {
	uint64_t original_size;
	struct edit *edits; /* inside the original size; sorted, not overlapping; owned */
	size_t nedits;
	struct buf tail;    /* everything from original_size on */
	size_t sums_at;     /* where in tail the original's CRC-32C and the seal go, 8 bytes */
	struct meta_range *buildids; /* what the go command writes later; in the new file,
				      * sorted; owned */
	size_t nbuildids;
	uint64_t added;     /* bytes that the program maps: the new segment */
	size_t nnotes;
};

/*
 * Lays out the output and sets the pc of the plan's sites. `options` is how inject was
 * called, for the record; `build_id` the Go build id in a file that the go command is going
 * to finish (patch/buildid.h), or NULL. Errors: no room for headers (see place.h), a
 * section table that cannot take more entries. The caller owns the result.
 */
struct err *output_build(const struct image *image, const struct gobin *gobin,
			 struct plan *plan, const char *options, const char *build_id,
			 struct output **output_ret);
void output_free(struct output *output); /* NULL is fine */

#endif
