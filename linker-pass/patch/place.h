/* SPDX-License-Identifier: MIT */
/*
 * Where the new segment goes, and where its program header finds room.
 *
 * The program header table must stay where it is: kernels before 5.18 compute AT_PHDR from
 * e_phoff and the first PT_LOAD. Go's own linker leaves room behind the table (the section
 * headers there move to the end of the file anyway). ld does not: there .interp and the
 * note segments behind it, which only program headers point to, move into the new segment.
 */
#ifndef PATCH_PLACE_H
#define PATCH_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "elf/image.h"

#define PLACE_MAX_MOVED 4

/* A file range that moves into the new segment, with all headers that point into it. */
struct moved_range {
	uint64_t old_off, len;
	uint64_t old_vaddr;
	uint64_t new_off; /* from the start of the new segment */
};

struct placement {
	uint64_t seg_off;   /* of the new segment in the file, page-aligned */
	uint64_t seg_vaddr; /* page-aligned */
	struct moved_range moved[PLACE_MAX_MOVED];
	size_t nmoved;
};

/*
 * Finds both. new_off of moved ranges is left 0: whoever lays out the segment sets it.
 * `beside`, when it is not 0, is the address of .stapsdt.base in the original's code. perf takes
 * the distance of that address from its place in the file for that of all sites: the new segment
 * has the same where the file is long enough, else one at which perf finds no code at all.
 * Errors: no room for one more program header; address space used up.
 */
struct err *place_find(const struct image *image, uint64_t beside,
		       struct placement *placement_ret);

#endif
