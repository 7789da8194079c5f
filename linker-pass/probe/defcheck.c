/* SPDX-License-Identifier: MIT */
/* What can be checked about a definition before any binary is at hand. */
#include <string.h>

#include "probe/def.h"
#include "probe/expr.h"
#include "probe/gotype.h"

/* Puts file:line:column in front of an error found at in->pos of a text that starts at
 * `start`. */
static struct err *placed(struct err *err, const struct def_probe *probe,
			  struct def_place start, const struct golex *in)
{
	return err_prefix(err, "%s:%d:%d", probe->file, start.line,
			  start.column + (int)(in->pos - in->text));
}

struct err *def_arg_words(const char *type, int *words_ret)
{
	struct gotype_env env = { 0 };
	struct golex in = { type, type };
	struct gotype *parsed = NULL;
	struct err *err = gotype_parse(&in, &env, &parsed);

	if (err || *in.pos || !strncmp(type, "...", 3)) {
		gotype_free(parsed);
		err_free(err);
		return err_new("\"%s\" is no Go type that an argument can have (string, []T, "
			       "error, any, bool, integers, uintptr, *T)", type);
	}

	enum gotype_kind kind = parsed->kind;

	gotype_free(parsed);
	switch (kind) {
	case GOTYPE_STRING:
	case GOTYPE_SLICE:
	case GOTYPE_IFACE:
		*words_ret = 2;
		return NULL;
	case GOTYPE_BOOL:
	case GOTYPE_INT:
	case GOTYPE_PTR:
	case GOTYPE_WORD:
		*words_ret = 1;
		return NULL;
	default:
		return err_new("tracers cannot read an argument of type %s", type);
	}
}

static const struct gotype_param *find_param(const struct gotype_func *func, const char *name)
{
	for (size_t i = 0; i < func->nparams; i++) {
		if (!strcmp(func->params[i].name, name))
			return &func->params[i];
	}
	return NULL;
}

/* That the expression starts with something that is there when the probe fires; without a
 * signature that will be seen in the program. */
static struct err *check_root(enum def_at at, const struct gotype_func *func, const char *root)
{
	const struct gotype_param *param;

	if (!strcmp(root, "g") || !func)
		return NULL;
	param = find_param(func, root);
	if (!param || !strcmp(root, "_"))
		return err_new("the signature has no parameter or result \"%s\"", root);
	if (at == DEF_ENTRY && param->result)
		return err_new("\"%s\" is a result: it has no value yet at the entry", root);
	if (at == DEF_RETURN && !param->result)
		return err_new("\"%s\" is a parameter: at a return only results and g can be "
			       "read", root);
	return NULL;
}

static struct err *check_value(const struct def_probe *probe, const struct def_variant *variant,
			       const struct gotype_func *func, const char *text,
			       struct def_place place)
{
	struct golex in = { text, text };
	struct expr expr;

	if (!text)
		return NULL;

	struct err *err = expr_parse(&in, &expr);

	if (!err) {
		in.pos = text;
		if (expr.npath)
			err = check_root(variant->at, func, expr.path[0]);
		expr_clear(&expr);
	}
	return placed(err, probe, place, &in);
}

static struct err *check_when(const struct def_probe *probe, const struct gotype_func *func,
			      const struct def_variant *variant)
{
	struct golex in = { variant->when, variant->when };
	struct expr expr;
	bool nil;

	if (!variant->when)
		return NULL;

	struct err *err = expr_parse_when(&in, &expr, &nil);

	if (!err) {
		in.pos = in.text;
		err = check_root(variant->at, func, expr.path[0]);
		expr_clear(&expr);
	}
	return placed(err, probe, variant->when_at, &in);
}

static struct err *check_signature(const struct def_probe *probe,
				   const struct def_variant *variant,
				   struct gotype_func **func_ret)
{
	struct golex in = { variant->signature, variant->signature };
	struct err *err = gotype_parse_func(&in, NULL, func_ret);

	if (err)
		return placed(err, probe, variant->signature_at, &in);
	if (!find_param(*func_ret, "g"))
		return NULL;
	in.pos = in.text;
	gotype_func_free(*func_ret);
	return placed(err_new("\"g\" is the current goroutine in values: give this parameter "
			      "another name"), probe, variant->signature_at, &in);
}

struct err *def_check_variant(const struct def_probe *probe, const struct def_variant *variant)
{
	struct gotype_func *func = NULL;
	struct err *err;

	if (variant->signature)
		TRY(check_signature(probe, variant, &func));
	err = check_value(probe, variant, func, variant->goid, variant->goid_at);
	if (!err)
		err = check_when(probe, func, variant);
	for (size_t i = 0; i < variant->nvalues && !err; i++)
		err = check_value(probe, variant, func, variant->values[i],
				  variant->values_at[i]);
	gotype_func_free(func);
	return err;
}
