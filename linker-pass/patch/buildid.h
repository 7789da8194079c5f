/* SPDX-License-Identifier: MIT */
/*
 * The Go build id of a file that the go command has not finished. It links with an id whose
 * last part only stands in for the hash of the file, hashes the file after the linker (and
 * after us), and writes the hash over that part wherever the whole id stands: in the
 * original's bytes and in copies of ours alike (cmd/go/internal/work, updateBuildID). Both
 * sums of the undo record leave these bytes out, and META_BUILDID says where they are.
 *
 *	id      ACTION/MAIN-ACTION/MAIN-CONTENT/ACTION     as the linker is told it
 *	ranges                                  ^^^^^^
 */
#ifndef PATCH_BUILDID_H
#define PATCH_BUILDID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "elf/image.h"
#include "elf/meta.h"

/* Whether the go command is going to write over the last part of this id (not of "", NULL
 * or one that somebody chose). */
bool buildid_unfinished(const char *id);

/* Appends to *ranges the last part of each occurrence of `id` in the bytes, which stand at
 * `at` in the file. Occurrences do not overlap. The caller owns *ranges. */
void buildid_find(const char *id, const uint8_t *data, size_t len, uint64_t at,
		  struct meta_range **ranges, size_t *nranges);

/* The same in a file, by image_read(). */
struct err *buildid_find_in(const struct image *image, const char *id,
			    struct meta_range **ranges, size_t *nranges);

/* Continues `crc` over bytes that stand at `at` in the file; those in the ranges (sorted,
 * not overlapping) count as 0. */
uint32_t buildid_crc(uint32_t crc, const uint8_t *data, size_t len, uint64_t at,
		     const struct meta_range *ranges, size_t nranges);

/* The same over the whole file, by image_read(). */
struct err *buildid_crc_of(const struct image *image, const struct meta_range *ranges,
			   size_t nranges, uint32_t *crc_ret);

#endif
