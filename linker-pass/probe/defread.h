/* SPDX-License-Identifier: MIT */
/* YAML nodes of a definition file into the structs of probe/def.h. */
#ifndef PROBE_DEFREAD_H
#define PROBE_DEFREAD_H

#include "probe/def.h"
#include "probe/yaml.h"

/* Fills the empty set `file` from a file's root node. On an error the set holds what was
 * read so far; the caller frees it either way. */
struct err *def_read(struct def_set *file, struct ynode root, const char *name);

/*
 * That `at` is a mapping with only the keys of `keys` (separated by spaces), each at most
 * once, and with those that are marked "!". `what` names it in messages.
 */
struct err *def_check_keys(struct ynode at, const char *what, const char *keys);

/* The value of a key; false when it is not there. The node must be a mapping. */
bool def_find(struct ynode at, const char *key, struct ynode *value_ret);

#endif
