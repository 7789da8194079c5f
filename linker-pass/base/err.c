/* SPDX-License-Identifier: MIT */
/* Error objects: a code and one line of text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static struct err *err_make(enum exit_code code, const char *fmt, va_list ap)
{
	struct err *err = mem_zalloc(sizeof(*err));

	err->code = code;
	err->message = mem_vprintf(fmt, ap);
	return err;
}

struct err *err_new(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct err *err = err_make(EXIT_FAILED, fmt, ap);

	va_end(ap);
	return err;
}

struct err *err_code(enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct err *err = err_make(code, fmt, ap);

	va_end(ap);
	return err;
}

struct err *err_sys(int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_vprintf(fmt, ap);

	va_end(ap);

	struct err *err = err_new("%s: %s", text, strerror(errnum));

	free(text);
	return err;
}

struct err *err_prefix(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return NULL;
	va_start(ap, fmt);
	char *prefix = mem_vprintf(fmt, ap);

	va_end(ap);

	char *message = mem_printf("%s: %s", prefix, err->message);

	free(prefix);
	free(err->message);
	err->message = message;
	return err;
}

void err_free(struct err *err)
{
	if (!err)
		return;
	free(err->message);
	free(err);
}
