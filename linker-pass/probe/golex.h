/* SPDX-License-Identifier: MIT */
/* The few lexical steps that the parsers of Go types, signatures and values share. */
#ifndef PROBE_GOLEX_H
#define PROBE_GOLEX_H

#include <stdbool.h>

#include "base/err.h"

struct golex {
	const char *text; /* borrowed; all of it, for messages */
	const char *pos;
};

/* Whether c may stand in a Go identifier (ASCII). */
bool golex_name_char(char c);

void golex_space(struct golex *in);

/* Moves past `token` (white space before it too) when it stands here. */
bool golex_accept(struct golex *in, const char *token);

/* The same for a keyword, which no letter, dot or slash may follow. */
bool golex_accept_word(struct golex *in, const char *word);

/* An error unless `token` stands here. */
struct err *golex_expect(struct golex *in, const char *token);

/* An identifier, owned by the caller; NULL when none stands here. */
char *golex_name(struct golex *in);

/* From an opening bracket to behind the one that closes it. */
struct err *golex_skip_brackets(struct golex *in);

#endif
