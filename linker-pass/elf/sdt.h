/* SPDX-License-Identifier: MIT */
/*
 * NT_STAPSDT notes: what they hold, encoder and decoder side by side.
 * Format: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
#ifndef ELF_SDT_H
#define ELF_SDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "elf/image.h"
#include "elf/operand.h"

struct sdt_note {
	uint64_t pc;        /* address of the site */
	uint64_t base;      /* address of .stapsdt.base when the note was written */
	uint64_t semaphore; /* 0 = none */
	const char *provider;
	const char *name;
	const char *args; /* "8@%rax -4@8(%rdi)"; "" for none */
};

/* Appends one whole note (header, "stapsdt\0", descriptor, padding) to out. */
void sdt_put_note(struct buf *out, const struct sdt_note *note);

/* Appends the text of one operand, "-8@16(%rsp)", as <sys/sdt.h> would write it. */
void sdt_put_operand(struct buf *out, const struct operand *op);

/*
 * Parses one operand off the front of *text and moves *text past it and the space behind.
 * False at the end of the text, or when it is of a form struct operand cannot hold (then
 * op->size is still set and *text is moved on; *known_ret is false).
 */
bool sdt_parse_operand(const char **text, struct operand *op, bool *known_ret);

/*
 * Calls fn for each stapsdt note of the image (sections of type SHT_NOTE named
 * .note.stapsdt), strings borrowed from it. Stops when fn returns false. A note that
 * contradicts its own sizes is an error that names its offset.
 */
struct err *sdt_each(const struct image *image, bool (*fn)(const struct sdt_note *, void *),
		     void *arg);

/* "%rax" names by size: sdt_reg_name(REG_RAX, 4) is "%eax". */
const char *sdt_reg_name(enum reg reg, int size);

#endif
