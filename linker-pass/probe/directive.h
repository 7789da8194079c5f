/* SPDX-License-Identifier: MIT */
/* Directives into definitions. */
#ifndef PROBE_DIRECTIVE_H
#define PROBE_DIRECTIVE_H

#include "probe/defown.h"
#include "probe/gosource.h"

/* Takes a provider directive for its package. An error when it is no name of a provider, or
 * another one is there. `file` is what messages call the file. */
struct err *directive_provider(const char *file, const struct gosource_directive *directive,
			       struct def_package *package);

/*
 * Adds the probes of one file to `set`, which holds those of other directives of the module.
 * A probe of a name that a directive of the package has already stands in one more place;
 * its arguments must have the same names. Errors: "file:line:column: what; what to do".
 */
struct err *directive_add(struct def_set *set, const char *file, const struct gosource *source,
			  const struct def_package *package);

#endif
