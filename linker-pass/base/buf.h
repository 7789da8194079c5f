/* SPDX-License-Identifier: MIT */
/* A growing byte buffer, for output that is built piece by piece. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

/* Zero-initialise a struct buf to start; buf_free() leaves it empty and usable again. */
void buf_free(struct buf *buf);
void buf_put(struct buf *buf, const void *bytes, size_t len);
void buf_fill(struct buf *buf, uint8_t byte, size_t count);
/* Appends bytes of `byte` until the length is a multiple of `align` (a power of two). */
void buf_align(struct buf *buf, size_t align, uint8_t byte);
void buf_u8(struct buf *buf, uint8_t value);
void buf_u32(struct buf *buf, uint32_t value); /* little-endian */
void buf_u64(struct buf *buf, uint64_t value); /* little-endian */
void buf_str(struct buf *buf, const char *text); /* with its NUL */
void buf_text(struct buf *buf, const char *text); /* without its NUL */
/* In decimal, with `pad` in front up to `width`: what is printed millions of times. */
void buf_number(struct buf *buf, uint64_t value, int width, char pad);
/* Appends what can be read from `fd` up to its end, or somewhat beyond `max` bytes where there
 * are more. Returns 0 or an errno. */
int buf_read(struct buf *buf, int fd, size_t max);
void buf_printf(struct buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3))); /* without a NUL */

#endif
