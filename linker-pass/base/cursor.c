/* SPDX-License-Identifier: MIT */
/* Bounded little-endian reads. */
#include <string.h>

#include "base/cursor.h"

struct cursor cursor_over(const void *data, size_t len)
{
	return (struct cursor){ .data = data, .len = len, .bad = !data && len };
}

const uint8_t *cursor_bytes(struct cursor *cur, size_t len)
{
	if (cur->bad || len > cur->len - cur->pos) {
		cur->bad = true;
		return NULL;
	}
	const uint8_t *bytes = cur->data + cur->pos;

	cur->pos += len;
	return bytes;
}

static uint64_t cursor_le(struct cursor *cur, size_t width)
{
	const uint8_t *bytes = cursor_bytes(cur, width);
	uint64_t value = 0;

	if (!bytes)
		return 0;
	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

uint8_t cursor_u8(struct cursor *cur)
{
	return (uint8_t)cursor_le(cur, 1);
}

uint16_t cursor_u16(struct cursor *cur)
{
	return (uint16_t)cursor_le(cur, 2);
}

uint32_t cursor_u32(struct cursor *cur)
{
	return (uint32_t)cursor_le(cur, 4);
}

uint64_t cursor_u64(struct cursor *cur)
{
	return cursor_le(cur, 8);
}

uint64_t cursor_uvarint(struct cursor *cur)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor_u8(cur);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	cur->bad = true;
	return 0;
}

const char *cursor_str(struct cursor *cur)
{
	if (cur->bad || cur->pos >= cur->len) {
		cur->bad = true;
		return NULL;
	}
	const uint8_t *start = cur->data + cur->pos;
	const uint8_t *nul = memchr(start, 0, cur->len - cur->pos);

	if (!nul) {
		cur->bad = true;
		return NULL;
	}
	cur->pos += (size_t)(nul - start) + 1;
	return (const char *)start;
}

void cursor_align(struct cursor *cur, size_t align)
{
	size_t pad = (align - (cur->pos & (align - 1))) & (align - 1);

	cursor_bytes(cur, pad);
}
