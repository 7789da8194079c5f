/* SPDX-License-Identifier: MIT */
/* Finds the patch for a Go release. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolchain/patches.h"
#include "toolchain/toolchain.h"

const struct embed_file *patches_for(unsigned minor)
{
	const struct embed_file *best = NULL;
	unsigned since, best_since = 0;
	int end;

	for (const struct embed_file *file = embed_files; file->name; file++) {
		end = 0;
		sscanf(file->name, "linker-pass/toolchain/go1.%3u.patch%n", &since, &end);
		if (!end || file->name[end] || since > minor || since < best_since)
			continue;
		best = file;
		best_since = since;
	}
	return best;
}

unsigned toolchain_minor(const char *version)
{
	const char *number = strstr(version, "go1.");

	return number ? (unsigned)strtoul(number + 4, NULL, 10) : 0;
}
