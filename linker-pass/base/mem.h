/* SPDX-License-Identifier: MIT */
/* Allocation that cannot fail: out of memory ends the process with a line on stderr. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* All results are owned by the caller, who frees them with free(). */
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
void *mem_dup(const void *bytes, size_t len);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/*
 * Makes room for one more element in a growing array: reallocates *array (elements of
 * `elem` bytes) when `count` has reached *cap, which is updated.
 */
void mem_grow(void *array_ptr, size_t count, size_t *cap, size_t elem);

#endif
