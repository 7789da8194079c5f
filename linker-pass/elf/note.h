/* SPDX-License-Identifier: MIT */
/*
 * Records of SHT_NOTE sections: iteration and encoding, for elf/sdt.c and elf/meta.c.
 * System V gABI, chapter 5, "Note Section"; names and descriptors are padded to 4 bytes
 * (to 8 in a section aligned to 8), and the padding is not counted in their sizes.
 */
#ifndef ELF_NOTE_H
#define ELF_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"
#include "elf/image.h"

struct note {
	uint64_t off;        /* of its header in the file */
	uint32_t type;
	struct cursor desc;  /* over its descriptor, borrowed from the image */
};

/*
 * Calls fn for each note of `owner` in the SHT_NOTE sections named `section`; other owners
 * are passed over. fn sets *stop to end the walk. Errors are fn's own, and notes that end
 * beyond their section; they name the file and the offset.
 */
struct err *note_each(const struct image *image, const char *section, const char *owner,
		      struct err *(*fn)(const struct image *image, const struct note *note,
					void *arg, bool *stop),
		      void *arg);

/* Appends a note's header; returns what note_end() needs once the descriptor is appended. */
size_t note_begin(struct buf *out, const char *owner, uint32_t type);
void note_end(struct buf *out, size_t begin);

#endif
