/* SPDX-License-Identifier: MIT */
/* Parser for value expressions. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/expr.h"

static struct err *parse_path(struct golex *in, struct expr *expr)
{
	do {
		golex_space(in);
		if (expr->npath == EXPR_MAX_PATH)
			return err_new("more than %d fields in a row", EXPR_MAX_PATH - 1);

		char *name = golex_name(in);

		if (!name)
			return err_new(*in->pos ? "a name should stand before \"%.20s\""
						: "a name should follow at the end%s", in->pos);
		expr->path[expr->npath++] = name;
	} while (golex_accept(in, "."));
	return NULL;
}

static struct err *parse_number(struct golex *in, struct expr *expr)
{
	char *end;

	errno = 0;
	expr->value = strtoll(in->pos, &end, 0);
	if (end == in->pos || errno)
		return err_new("\"%.20s\" is no number of 64 bits", in->pos);
	in->pos = end;
	return NULL;
}

/* The path and the name of header() and field(), and the closing bracket. */
static struct err *parse_search(struct golex *in, struct expr *expr)
{
	TRY(parse_path(in, expr));
	TRY(golex_expect(in, ","));
	TRY(golex_expect(in, "\""));

	size_t len = strspn(in->pos, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	if (!len || len > EXPR_MAX_TEXT || in->pos[len] != '"')
		return err_new("a name of 1 to %d lower-case letters, digits, - and _ should "
			       "stand between the quotes", EXPR_MAX_TEXT);
	memcpy(expr->text, in->pos, len);
	in->pos += len + 1;
	return golex_expect(in, ")");
}

static struct err *parse_any(struct golex *in, struct expr *expr)
{
	golex_space(in);
	if (*in->pos == '-' || isdigit((unsigned char)*in->pos))
		return parse_number(in, expr);
	if (golex_accept_word(in, "true")) {
		expr->value = 1;
		return NULL;
	}
	if (golex_accept_word(in, "false"))
		return NULL;
	if (golex_accept(in, "len(")) {
		expr->kind = EXPR_LEN;
		TRY(parse_path(in, expr));
		return golex_expect(in, ")");
	}
	if (golex_accept(in, "errtext(")) {
		expr->kind = EXPR_ERRTEXT;
		TRY(parse_path(in, expr));
		return golex_expect(in, ")");
	}
	if (golex_accept(in, "header(")) {
		expr->kind = EXPR_HEADER;
		return parse_search(in, expr);
	}
	if (golex_accept(in, "field(")) {
		expr->kind = EXPR_FIELD;
		return parse_search(in, expr);
	}
	expr->kind = EXPR_PATH;
	return parse_path(in, expr);
}

struct err *expr_parse(struct golex *in, struct expr *expr_ret)
{
	struct expr expr = { .kind = EXPR_CONST };
	struct err *err = parse_any(in, &expr);

	golex_space(in);
	if (!err && *in->pos)
		err = err_new("\"%.20s\" is too much", in->pos);
	if (err) {
		expr_clear(&expr);
		return err;
	}
	*expr_ret = expr;
	return NULL;
}

struct err *expr_parse_when(struct golex *in, struct expr *expr_ret, bool *nil_ret)
{
	struct expr expr = { .kind = EXPR_PATH };
	struct err *err = parse_path(in, &expr);

	*nil_ret = golex_accept(in, "==");
	if (!err && !*nil_ret)
		err = golex_expect(in, "!=");
	if (!err && !golex_accept_word(in, "nil"))
		err = err_new("a condition is NAME == nil or NAME != nil");
	golex_space(in);
	if (!err && *in->pos)
		err = err_new("\"%.20s\" is too much", in->pos);
	if (err)
		expr_clear(&expr);
	else
		*expr_ret = expr;
	return err;
}

void expr_clear(struct expr *expr)
{
	for (size_t i = 0; i < expr->npath; i++)
		free(expr->path[i]);
	expr->npath = 0;
}
