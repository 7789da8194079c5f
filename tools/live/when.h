/* SPDX-License-Identifier: MIT */
/*
 * The condition of `probes record --when`: that of tracer/filter.h, in which "http latency >
 * 500ms" and its like stand for what they mean, and the probes that it is about.
 */
#ifndef LIVE_WHEN_H
#define LIVE_WHEN_H

#include "target.h"

struct when {
	char *condition;        /* for session_options.when */
	const char **patterns;  /* of the probes that it names, npatterns; each owned */
	size_t npatterns, cap;
};

/*
 * Translates text for a program with the target's probes (all of them). The caller gives
 * *when_ret to when_free(). Errors: EXIT_NO_MATCH when what a word stands for is not among
 * the probes.
 */
struct err *when_read(const char *text, const struct target *target, struct when *when_ret);
void when_free(struct when *when);

/* Whether the target has this probe, "provider:name". */
bool when_has_probe(const struct target *target, const char *probe);

/* "http latency, sql latency ...", one for each line of the help; NULL behind the last. */
const char *when_alias(int i);

#endif
