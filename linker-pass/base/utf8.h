/* SPDX-License-Identifier: MIT */
/* Text that can be shown as it is. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at text, of which `left` bytes are there, or which ends with NUL; 0 when
 * they are no UTF-8 (RFC 3629). */
size_t utf8_len(const char *text, size_t left);

/* The same; 0 also for a control character. */
size_t utf8_printable(const char *text, size_t left);

/* Whether it is printable throughout and can stand between quotes, as names do. */
bool utf8_is_name(const char *text, size_t len);

/* Makes it so: all other bytes become '?'. */
void utf8_make_name(char *text);

#endif
