/* SPDX-License-Identifier: MIT */
/* Shared libraries that are opened only where they are needed: they would slow every start. */
#ifndef TOOLS_LIBRARY_H
#define TOOLS_LIBRARY_H

#include <stddef.h>

#include "base/err.h"

struct library_symbol {
	const char *name;
	void *slot; /* of the pointer to the function */
};

/*
 * Opens the first of `files` (up to a NULL) that is there and fills in the slots. Errors: none
 * is there, which says `needed` (for what, and the package that has it); a symbol is missing.
 * *handle_ret, also set after the latter, is for dlclose().
 */
struct err *library_open(const char *const *files, const char *needed,
			 const struct library_symbol *symbols, size_t n, void **handle_ret);

#endif
