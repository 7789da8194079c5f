/* SPDX-License-Identifier: MIT */
/* Patterns that select probes. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/pattern.h"

static bool glob(const char *pattern, const char *text)
{
	return !*pattern || fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

bool pattern_match(const char *pattern, const char *provider, const char *name)
{
	const char *colon = strchr(pattern, ':');

	if (!colon)
		return *pattern && (glob(pattern, provider) || glob(pattern, name));
	char *left = mem_strndup(pattern, (size_t)(colon - pattern));
	bool match = glob(left, provider) && glob(colon + 1, name);

	free(left);
	return match;
}

bool pattern_match_any(const char *const *patterns, int n, const char *provider,
		       const char *name)
{
	for (int i = 0; i < n; i++)
		if (pattern_match(patterns[i], provider, name))
			return true;
	return n == 0;
}
