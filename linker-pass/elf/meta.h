/* SPDX-License-Identifier: MIT */
/*
 * The .note.goprobes section: what stapsdt has no room for. Notes of owner "goprobes";
 * integers are little-endian, strings NUL-terminated. Readers ignore unknown types.
 *
 *   META_HEADER  u32 contract version, u32 flags, str tool version, str Go version,
 *                str options (how inject was called, for people)
 *   META_PROBE   str provider, str name, u8 at (0 entry, 1 return), u8 nargs,
 *                nargs x { str name, str type, str of }
 *   META_SITE    u64 address of the note's site, u64 address of the function,
 *                u8 tactic, str provider, str name, str function
 *   META_REFUSED u8 refusal, str provider, str name, str function, str detail
 *   META_ENUM    str name, u32 count, count x { u32 value, str name }, u32 uses,
 *                uses x { str provider, str probe, u8 index of the argument }
 *   META_UNDO    u64 original size, u32 CRC-32C of the original, u32 seal, u32 count,
 *                count x { u64 offset, u32 length, length bytes }
 *   META_BUILDID u32 count, count x { u64 offset, u32 length }: file ranges that the go
 *                command writes after us (patch/buildid.h), ascending
 *
 * The seal is the CRC-32C of all that is not the original's: the bytes that now stand at the
 * undo record's places, in its order, then everything behind the original size, in which
 * both sums count as 0. So do META_BUILDID's ranges: those inside the original size in the
 * original's CRC-32C, those behind it in the seal.
 */
#ifndef ELF_META_H
#define ELF_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "elf/image.h"

#define META_SECTION ".note.goprobes"
#define META_OWNER "goprobes"
#define META_CONTRACT 1

enum meta_type {
	META_HEADER = 1,
	META_PROBE = 2,
	META_SITE = 3,
	META_REFUSED = 4,
	META_UNDO = 5,
	META_ENUM = 6,
	META_BUILDID = 7,
};

/* More than a range of META_BUILDID holds: a part of a Go build id has 20 bytes. */
#define META_RANGE_MAX 64

/* How a site was made. */
enum tactic { TACTIC_INLINE, TACTIC_DETOUR, TACTIC_NOTE, TACTIC_NOTE_STEP };
const char *tactic_name(enum tactic tactic); /* "inline", "detour", "note", "note-step" */

struct meta_arg {
	const char *name, *type, *of;
};

struct meta_probe {
	const char *provider, *name;
	uint8_t at;
	uint8_t nargs;
	struct meta_arg args[12];
};

struct meta_site {
	uint64_t pc, func_addr;
	uint8_t tactic;
	const char *provider, *name, *func;
};

struct meta_refused {
	uint8_t refusal; /* enum refusal */
	const char *provider, *name, *func, *detail;
};

/* What the values of arguments are called. */
struct meta_enum_value {
	uint32_t value;
	const char *name;
};

struct meta_enum_use {
	const char *provider, *probe;
	uint8_t arg;
	size_t numbers; /* which of the enums; meta_put_enum() does not look at it */
};

struct meta_enum {
	const char *name;
	struct meta_enum_value *values; /* owned */
	size_t nvalues;
};

struct meta_undo_piece {
	uint64_t off;
	uint32_t len;
	const uint8_t *bytes;
};

struct meta_range {
	uint64_t off;
	uint32_t len; /* 1 to META_RANGE_MAX */
};

struct meta {
	uint32_t contract;
	const char *tool_version, *go_version, *options;
	struct meta_probe *probes;
	size_t nprobes;
	struct meta_site *sites;
	size_t nsites;
	struct meta_refused *refused;
	size_t nrefused;
	struct meta_enum *enums;
	size_t nenums;
	struct meta_enum_use *enum_uses; /* sorted */
	size_t nenum_uses;
	bool has_undo;
	uint64_t original_size;
	uint32_t original_crc, seal;
	uint64_t sums_off; /* of both sums in the file */
	struct meta_undo_piece *undo;
	size_t nundo;
	struct meta_range *buildids; /* inside the file, sorted, not overlapping */
	size_t nbuildids;
};

/*
 * Reads the section; *meta_ret is NULL when the image has none. Strings and bytes are
 * borrowed from the image. The caller owns the result. Errors: a record that contradicts
 * its own sizes, or a contract newer than ours (only when `strict`).
 */
struct err *meta_read(const struct image *image, bool strict, struct meta **meta_ret);
void meta_free(struct meta *meta);

/* What the values of a probe's argument are called; NULL when that is not said. */
const struct meta_enum *meta_find_enum(const struct meta *meta, const struct meta_probe *probe,
				       int arg);

/* Appends the record to the section's bytes. */
void meta_put_header(struct buf *out, const struct meta *meta);
void meta_put_probe(struct buf *out, const struct meta_probe *probe);
void meta_put_site(struct buf *out, const struct meta_site *site);
void meta_put_refused(struct buf *out, const struct meta_refused *refused);
void meta_put_enum(struct buf *out, const struct meta_enum *numbers,
		   const struct meta_enum_use *uses, size_t nuses);
/* *sums_at_ret is where in `out` both sums are to be filled in, 8 bytes. */
void meta_put_undo(struct buf *out, const struct meta *meta, size_t *sums_at_ret);
/* Room for `n` ranges; *ranges_at_ret is where meta_set_buildids() is to write them. */
void meta_put_buildids(struct buf *out, size_t n, size_t *ranges_at_ret);
void meta_set_buildids(uint8_t *at, const struct meta_range *ranges, size_t n);

#endif
