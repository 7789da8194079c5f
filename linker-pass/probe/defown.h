/* SPDX-License-Identifier: MIT */
/* The short forms of definitions: names that are not said, functions relative to a package. */
#ifndef PROBE_DEFOWN_H
#define PROBE_DEFOWN_H

#include "probe/def.h"

/* A package of a module, as far as definitions in the module depend on it. */
struct def_package {
	char *path;     /* import path */
	bool is_main;
	char *provider; /* that it asks for, or NULL */
};

/* Where a definition file stands. */
struct def_context {
	const char *path; /* import path of its folder */
	const struct def_package *packages; /* of the module */
	size_t npackages;
};

/* def_load_text() for a file in a module's folder: "package" may be left out, and is "main"
 * for a package main of the module. */
struct err *def_load_in(struct def_set *set, const char *name, const char *text, size_t len,
			const struct def_context *context);

/* Whether the name is one for users: a-z, 0-9 and _, a letter first, 60 at most. */
bool def_is_name(const char *name);

/* The provider of a package: each character that is no letter or digit becomes "_". Owned by
 * the caller. */
char *def_provider_of(const char *package);

bool def_is_provider(const char *name);

/* The probe of this provider and name, and program; or NULL. */
struct def_probe *def_find_probe(const struct def_set *set, const struct def_probe *like);

/* "UserID" to "user_id"; owned by the caller. */
char *def_snake(const char *name, size_t len);

/*
 * Takes a value apart, "name=value" or "value". *value_ret points into it. *name_ret, owned by
 * the caller, is the name, or what the value suggests: its last field, with _len behind for
 * len() and _text for errtext(); NULL when it suggests none.
 */
void def_split_value(const char *text, const char **value_ret, char **name_ret);

/* Appends an argument without a type, taking `name`; false when the probe has one of this
 * name, as it has of "goid". */
bool def_add_arg(struct def_probe *probe, char *name);

/*
 * The linker symbol of what "func" says: "Checkout", "(*Cart).Checkout" and "Cart.Total" are
 * the package's, "path/pkg.F" is whole. `whole`: "a.b" is a package and its function, else a
 * type and its method; "A.b" is always that. Owned by the caller.
 */
char *def_symbol(const char *package, const char *func, bool whole);

/* The import path as the linker writes it in symbols (cmd/internal/objabi.PathToPrefix):
 * gopkg.in/yaml%2ev3. Owned by the caller. */
char *def_escape_path(const char *path);

#endif
