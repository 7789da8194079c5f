/* SPDX-License-Identifier: MIT */
/* Patterns that select probes: what PATTERN means on every command line. */
#ifndef PROBE_PATTERN_H
#define PROBE_PATTERN_H

#include <stdbool.h>

/*
 * Whether `pattern` selects the probe. "net_http:server_*" matches provider and name with
 * the shell's wildcards * ? [...]; an empty side matches everything. Without a colon the
 * pattern must match the whole provider or the whole name: "net_http", "*_start".
 */
bool pattern_match(const char *pattern, const char *provider, const char *name);

/* Whether one of the n patterns matches; true when there are none. */
bool pattern_match_any(const char *const *patterns, int n, const char *provider,
		       const char *name);

#endif
