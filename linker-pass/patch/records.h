/* SPDX-License-Identifier: MIT */
/* What a plan leaves in the notes: .note.stapsdt for tracers, .note.goprobes for us. */
#ifndef PATCH_RECORDS_H
#define PATCH_RECORDS_H

#include "base/buf.h"
#include "elf/image.h"
#include "patch/plan.h"
#include "patch/tramp.h"

/*
 * Appends all META records; `edits` tell what the undo record must give back. *sums_at_ret
 * is the offset in `out` at which the original's CRC-32C and the seal are to be filled in.
 */
void records_put_meta(struct buf *out, const struct image *image, const struct gobin *gobin,
		      const struct plan *plan, const struct edit *edits, size_t nedits,
		      const char *options, size_t *sums_at_ret);

/* Appends a stapsdt note per site and returns how many. */
size_t records_put_notes(struct buf *out, const struct plan *plan, uint64_t base);

/* Provider and name of a site's probe; those of --every-function have one of their own. */
const char *records_provider(const struct site *site);
const char *records_name(const struct site *site);

#endif
