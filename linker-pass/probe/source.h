/* SPDX-License-Identifier: MIT */
/*
 * Probes that a Go module defines for its own functions: files probes.yaml in its folders,
 * and directives in its source, directly above a function (docs/own-probes.md):
 *
 *	//probes:entry NAME [ARG]...    ARG is a value, or name=value
 *	//probes:return NAME [ARG]...
 *	//probes:noinline
 *	//probes:provider NAME          anywhere in a package
 *
 * Folders that Go leaves out are left out: testdata, vendor, names that begin with _ or a
 * dot, modules within the module. Constraints on system and architecture are not looked at.
 */
#ifndef PROBE_SOURCE_H
#define PROBE_SOURCE_H

#include <stddef.h>

#include "base/err.h"
#include "probe/def.h"

#define SOURCE_FILE "probes.yaml"

/*
 * Adds the definitions of the module that folder `dir` belongs to. A probe replaces the one
 * with its provider and name that the set has, but for those of another program's package
 * main; a directive may not replace a built-in one. Errors: no go.mod in or above the folder; a
 * definition or directive that is wrong, "file:line:column: what; what to do"; two probes of one
 * name.
 */
struct err *source_load(struct def_set *set, const char *dir);

/* What -d of the commands names: a folder, as above, or a file, for def_load_file(). */
struct err *source_load_path(struct def_set *set, const char *path);

/*
 * The root folders of the main modules of a go command that runs in `dir`: those that its
 * go.work uses (GOWORK in the environment is obeyed), else the one of the go.mod in or above
 * `dir`; none when there is neither. Folders and array are the caller's:
 * source_modules_free().
 */
struct err *source_modules(const char *dir, char ***roots_ret, size_t *n_ret);
void source_modules_free(char **roots, size_t n);

#endif
