/* SPDX-License-Identifier: MIT */
/* The arguments of Go's linker, read as Go's package flag does. */
#ifndef TOOLS_TOOLEXEC_ARGS_H
#define TOOLS_TOOLEXEC_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* One flag, or an operand. Strings are borrowed from the arguments. */
struct link_flag {
	const char *name; /* without dashes, `len` long; "" for an operand */
	size_t len;
	const char *value; /* NULL when it has none */
	int args;          /* how many arguments it takes up, 1 or 2 */
};

struct link_flag link_flag_at(char *const *argv);
bool link_flag_is(const struct link_flag *flag, const char *name);

/* What the arguments of a link say. Strings are borrowed from them, or constants. */
struct link_args {
	const char *out;
	const char *build_mode; /* "exe" unless told */
	const char *build_id;   /* "" unless told */
};

/* argv[0] is the linker. */
struct link_args link_args_of(char *const *argv);

/* The arguments of a link of the same program with its DWARF, to another file; owned by the
 * caller, who gives them to link_args_free(). */
char **link_args_with_dwarf(char *const *argv, const char *out);
void link_args_free(char **argv);

#endif
