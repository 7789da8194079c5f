/* SPDX-License-Identifier: MIT */
/* A growing byte buffer. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

static void buf_reserve(struct buf *buf, size_t more)
{
	if (buf->cap - buf->len >= more)
		return;
	while (buf->cap - buf->len < more)
		buf->cap = buf->cap ? buf->cap * 2 : 256;
	buf->data = mem_realloc(buf->data, buf->cap);
}

void buf_put(struct buf *buf, const void *bytes, size_t len)
{
	if (!len)
		return;
	buf_reserve(buf, len);
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

void buf_fill(struct buf *buf, uint8_t byte, size_t count)
{
	if (!count)
		return;
	buf_reserve(buf, count);
	memset(buf->data + buf->len, byte, count);
	buf->len += count;
}

void buf_align(struct buf *buf, size_t align, uint8_t byte)
{
	buf_fill(buf, byte, (align - (buf->len & (align - 1))) & (align - 1));
}

void buf_u8(struct buf *buf, uint8_t value)
{
	buf_put(buf, &value, 1);
}

void buf_u32(struct buf *buf, uint32_t value)
{
	uint8_t raw[4];

	for (int i = 0; i < 4; i++)
		raw[i] = (uint8_t)(value >> (8 * i));
	buf_put(buf, raw, sizeof(raw));
}

void buf_u64(struct buf *buf, uint64_t value)
{
	buf_u32(buf, (uint32_t)value);
	buf_u32(buf, (uint32_t)(value >> 32));
}

void buf_str(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text) + 1);
}

void buf_text(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

void buf_number(struct buf *buf, uint64_t value, int width, char pad)
{
	char digits[24];
	int at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	if (width > (int)sizeof(digits) - at)
		buf_fill(buf, (uint8_t)pad, (size_t)(width - ((int)sizeof(digits) - at)));
	buf_put(buf, digits + at, sizeof(digits) - (size_t)at);
}

int buf_read(struct buf *buf, int fd, size_t max)
{
	size_t start = buf->len;
	ssize_t got;

	do {
		buf_reserve(buf, 16384);
		got = read(fd, buf->data + buf->len, buf->cap - buf->len);
		buf->len += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && buf->len - start <= max) || (got < 0 && errno == EINTR));
	return got < 0 ? errno : 0;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int len;

	buf_reserve(buf, 64);
	va_start(ap, fmt);
	len = vsnprintf((char *)buf->data + buf->len, buf->cap - buf->len, fmt, ap);
	va_end(ap);
	if (len >= (int)(buf->cap - buf->len)) { /* once more, with room for the NUL */
		buf_reserve(buf, (size_t)len + 1);
		va_start(ap, fmt);
		len = vsnprintf((char *)buf->data + buf->len, buf->cap - buf->len, fmt, ap);
		va_end(ap);
	}
	buf->len += (size_t)len;
}
