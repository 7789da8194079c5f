/* SPDX-License-Identifier: MIT */
/* Parser for Go function signatures. */
#include <stdlib.h>
#include <string.h>
#include <string.h>

#include "base/mem.h"
#include "probe/gotype.h"

void gotype_func_add(struct gotype_func *func, struct gotype_param param)
{
	func->params = mem_realloc(func->params,
				   (func->nparams + 1) * sizeof(*func->params));
	func->params[func->nparams++] = param;
}

/* "a, b T" */
static struct err *parse_group(struct golex *in, const struct gotype_env *env, bool result,
			       struct gotype_func *func)
{
	struct gotype *type;
	char **names;
	size_t n;

	TRY(gotype_parse_names(in, &names, &n));
	if (!n) {
		gotype_names_free(names, n);
		return err_new("give each parameter and result a name (\"_\" will do) before "
			       "\"%.20s\"", in->pos);
	}

	struct err *err = gotype_parse(in, env, &type);

	if (err) {
		gotype_names_free(names, n);
		return err;
	}
	for (size_t i = 0; i < n; i++)
		gotype_func_add(func, (struct gotype_param){ names[i], type, i > 0, result,
			!result && !strcmp(names[i], "closure") });
	free(names);
	return NULL;
}

/* Behind "(", up to and with ")". */
static struct err *parse_params(struct golex *in, const struct gotype_env *env, bool result,
				struct gotype_func *func)
{
	if (golex_accept(in, ")"))
		return NULL;
	do
		TRY(parse_group(in, env, result, func));
	while (golex_accept(in, ","));
	return golex_expect(in, ")");
}

static struct err *parse_results(struct golex *in, const struct gotype_env *env,
				 struct gotype_func *func)
{
	struct gotype *type;

	golex_space(in);
	if (!*in->pos)
		return NULL;
	if (golex_accept(in, "("))
		return parse_params(in, env, true, func);
	TRY(gotype_parse(in, env, &type));
	gotype_func_add(func, (struct gotype_param){ mem_strdup(""), type, false, true,
						     false });
	return NULL;
}

static struct err *parse_signature(struct golex *in, const struct gotype_env *env,
				   struct gotype_func *func)
{
	TRY(golex_expect(in, "func"));
	TRY(golex_expect(in, "("));
	TRY(parse_params(in, env, false, func));
	TRY(parse_results(in, env, func));
	golex_space(in);
	return *in->pos ? err_new("\"%.20s\" is too much", in->pos) : NULL;
}

struct err *gotype_parse_func(struct golex *in, const struct gotype_env *env,
			      struct gotype_func **func_ret)
{
	struct gotype_func *func = mem_zalloc(sizeof(*func));
	struct err *err = parse_signature(in, env, func);

	if (err) {
		gotype_func_free(func);
		return err;
	}
	*func_ret = func;
	return NULL;
}

void gotype_func_free(struct gotype_func *func)
{
	if (!func)
		return;
	for (size_t i = 0; i < func->nparams; i++) {
		free(func->params[i].name);
		if (!func->params[i].shared)
			gotype_free(func->params[i].type);
	}
	for (size_t i = 0; i < func->ncaptured; i++) {
		free(func->captured[i].name);
		free(func->captured[i].type);
	}
	free(func->captured);
	free(func->params);
	free(func);
}
