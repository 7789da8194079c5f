/* SPDX-License-Identifier: MIT */
/*
 * Bounded little-endian reads. A read past the end yields 0 and sets `bad`, which stays
 * set: check it once after a group of reads.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *data; /* borrowed */
	size_t len;
	size_t pos;
	bool bad;
};

struct cursor cursor_over(const void *data, size_t len);
uint8_t cursor_u8(struct cursor *cur);
uint16_t cursor_u16(struct cursor *cur);
uint32_t cursor_u32(struct cursor *cur);
uint64_t cursor_u64(struct cursor *cur);
uint64_t cursor_uvarint(struct cursor *cur); /* LEB128, as Go's binary.Uvarint */
/* `len` bytes, borrowed, or NULL. */
const uint8_t *cursor_bytes(struct cursor *cur, size_t len);
/* A NUL-terminated string, borrowed, or NULL when no NUL is in range. */
const char *cursor_str(struct cursor *cur);
void cursor_align(struct cursor *cur, size_t align);
static inline bool cursor_done(const struct cursor *cur)
{
	return cur->bad || cur->pos >= cur->len;
}

#endif
