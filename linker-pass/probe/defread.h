/* SPDX-License-Identifier: MIT */
/* YAML nodes of a definition file into the structs of probe/def.h. */
#ifndef PROBE_DEFREAD_H
#define PROBE_DEFREAD_H

#include "probe/def.h"
#include "probe/defown.h"
#include "probe/yaml.h"

/* Fills the empty set `file` from a file's root node. On an error the set holds what was
 * read so far; the caller frees it either way. `context` is NULL outside a module. */
struct err *def_read(struct def_set *file, struct ynode root, const char *name,
		     const struct def_context *context);

/* Gives a text to the set, which frees it. */
const char *def_keep(struct def_set *set, char *text);

/* Moves what one file gave into `set`, unsorted, and frees the rest of it. */
void def_append(struct def_set *set, struct def_set *file);

/* The same, and sorts the set. */
void def_merge(struct def_set *set, struct def_set *file);

/* Reads the "enums" of a file for the package, into set->enums. */
struct err *def_read_enums(struct def_set *set, const char *package, struct ynode root);

/* Reads the "types" of a file for the package, into set->types. */
struct err *def_read_types(struct def_set *set, const char *package, const char *file,
			   struct ynode root);

/* "since" and "until". */
struct err *def_read_range(struct ynode at, struct go_range *range);

/* Where the value of a key starts, or the node when the key is not there. */
void def_read_place(struct ynode at, const char *key, struct def_place *place);

/* The enumeration of this name, bare or with the package in front; or NULL. */
const struct def_enum *def_find_enum(const struct def_set *set, const char *package,
				     const char *name);

/* The text of a key, owned by the caller; NULL when the key is not there. */
struct err *def_read_text(struct ynode at, const char *key, char **text_ret);

/* "1.21" to 21; 0 when the key is not there. */
struct err *def_read_minor(struct ynode at, const char *key, unsigned *minor_ret);

/* The items of a sequence; a missing key counts as an empty one. */
struct err *def_read_list(struct ynode at, const char *key, struct ynode *list_ret,
			  int *count_ret);

/*
 * That `at` is a mapping with only the keys of `keys` (separated by spaces), each at most
 * once, and with those that are marked "!". `what` names it in messages.
 */
struct err *def_check_keys(struct ynode at, const char *what, const char *keys);

/* The value of a key; false when it is not there. The node must be a mapping. */
bool def_find(struct ynode at, const char *key, struct ynode *value_ret);

#endif
