/* SPDX-License-Identifier: MIT */
/*
 * The directives in one file of Go source, and the functions they stand above. Follows the
 * lexical rules of https://go.dev/ref/spec: a directive within a string, a raw string or a
 * general comment is none.
 */
#ifndef PROBE_GOSOURCE_H
#define PROBE_GOSOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "probe/def.h"

enum gosource_word { GOSOURCE_ENTRY, GOSOURCE_RETURN, GOSOURCE_NOINLINE, GOSOURCE_PROVIDER };

struct gosource_directive {
	enum gosource_word word;
	struct def_place at;   /* of its two slashes */
	struct def_place rest; /* of what follows the word */
	char *text;            /* that, without white space around */
	char *func;            /* as a symbol without its package: "Map[...]", "(*Cart).Pay"; NULL
				* for the provider */
};

struct gosource {
	char *package; /* of the package clause; "" when there is none */
	bool ignored;  /* "//go:build ignore" stands before it: a program run by itself */
	struct gosource_directive *directives; /* in their order */
	size_t n;
};

/*
 * Reads a file's text, of which `name` is what messages call it. Errors, with
 * "name:line:column": a directive that nobody knows, or that stands not directly above the
 * declaration of a function. Free with gosource_clear(), also after an error.
 */
struct err *gosource_read(const char *name, const char *text, size_t len,
			  struct gosource *source_ret);
void gosource_clear(struct gosource *source);

#endif
