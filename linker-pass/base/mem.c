/* SPDX-License-Identifier: MIT */
/* Allocation that cannot fail. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void *mem_check(void *ptr)
{
	if (ptr)
		return ptr;
	fputs("probes: out of memory\n", stderr);
	abort();
}

void *mem_zalloc(size_t size)
{
	return mem_check(calloc(1, size ? size : 1));
}

void *mem_realloc(void *ptr, size_t size)
{
	return mem_check(realloc(ptr, size ? size : 1));
}

void *mem_dup(const void *bytes, size_t len)
{
	void *copy = mem_zalloc(len);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_check(strdup(text));
}

char *mem_strndup(const char *text, size_t len)
{
	return mem_check(strndup(text, len));
}

char *mem_vprintf(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	return mem_check(text);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_vprintf(fmt, ap);

	va_end(ap);
	return text;
}

void mem_grow(void *array_ptr, size_t count, size_t *cap, size_t elem)
{
	void *array;

	if (count < *cap)
		return;
	*cap = *cap ? *cap * 2 : 16;
	memcpy(&array, array_ptr, sizeof(array));
	array = mem_check(reallocarray(array, *cap, elem));
	memcpy(array_ptr, &array, sizeof(array));
}
