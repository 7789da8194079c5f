/* SPDX-License-Identifier: MIT */
/* Reads an injected file back and proves that it is what its records say. */
#ifndef PATCH_PROVE_H
#define PATCH_PROVE_H

#include "base/err.h"
#include "elf/image.h"
#include "elf/meta.h"

/*
 * Proves the records of `image`: its program headers are those of `original` plus one R-X
 * segment; each displaced byte is a jump into it, to a trampoline that holds a nop site per
 * probe, the displaced instructions and the way back; each in-place site is a nop of the
 * toolchain's in the original's code, behind its function's stack check or before a return;
 * and the stapsdt notes are those of the site records, one for one. Errors say at which
 * address the file is wrong.
 */
struct err *prove_records(const struct image *image, const struct image *original,
			  const struct meta *meta);

/* The same after proving that, with the undo record laid over it, every byte of the original
 * is there (CRC-32C). */
struct err *prove_file(const struct image *image, const struct meta *meta);

#endif
