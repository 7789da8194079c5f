/* SPDX-License-Identifier: MIT */
/* Text files that the build puts into the program (tools/embed.sh). */
#ifndef PROBE_EMBED_H
#define PROBE_EMBED_H

#include <stddef.h>

struct embed_file {
	const char *name; /* as given to tools/embed.sh, "stdlib-probes/net.yaml" */
	const char *text; /* NUL-terminated */
	size_t len;
};

/* All of them, ended by one without a name. */
extern const struct embed_file embed_files[];

#endif
