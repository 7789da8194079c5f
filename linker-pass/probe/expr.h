/* SPDX-License-Identifier: MIT */
/*
 * Value expressions of definitions: "req.URL.Path", "len(addrs)", "g.m.curg.goid", "1",
 * 'header(line, "name")', 'field(list, "name")', "errtext(err)".
 */
#ifndef PROBE_EXPR_H
#define PROBE_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/golex.h"

#define EXPR_MAX_PATH 8
#define EXPR_MAX_TEXT 32

enum expr_kind { EXPR_CONST, EXPR_PATH, EXPR_LEN, EXPR_HEADER, EXPR_FIELD, EXPR_ERRTEXT };

struct expr {
	enum expr_kind kind;
	int64_t value; /* CONST */
	/* All but CONST: a parameter, result or "g", then fields. Owned. */
	char *path[EXPR_MAX_PATH];
	size_t npath;
	char text[EXPR_MAX_TEXT + 1]; /* HEADER and FIELD: the name looked for, lower case */
};

/* Parses the whole text. On an error in->pos is where it is. Free with expr_clear(). */
struct err *expr_parse(struct golex *in, struct expr *expr_ret);

/* A condition, "err == nil" or "resp.Body != nil"; nil_ret says which of the two. */
struct err *expr_parse_when(struct golex *in, struct expr *expr_ret, bool *nil_ret);
void expr_clear(struct expr *expr);

#endif
