/* SPDX-License-Identifier: MIT */
/* The program as it was before it was injected, from the undo record. */
#ifndef PATCH_ORIGINAL_H
#define PATCH_ORIGINAL_H

#include "base/err.h"
#include "elf/image.h"
#include "elf/meta.h"

/*
 * Opens the original inside `image`, an injected file with the records `meta`. Errors: no
 * undo record; what injection added has changed since (the seal does not fit). The caller
 * closes the result with image_close(), before `image`.
 */
struct err *original_view(const struct image *image, const struct meta *meta,
			  struct image **original_ret);

/* The same, and checks the original's bytes against the CRC-32C on record. */
struct err *original_open(const struct image *image, const struct meta *meta,
			  struct image **original_ret);

#endif
