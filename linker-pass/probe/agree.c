/* SPDX-License-Identifier: MIT */
/* One probe, the same arguments everywhere. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/agree.h"

/* How an argument is to be read, as far as its words do not say it. */
static int class_of(const struct bound_arg *arg)
{
	if (!strcmp(arg->of, "string") || !strcmp(arg->of, "[]byte") || !strcmp(arg->of, "error"))
		return *arg->of;
	if (!strncmp(arg->of, "[]", 2))
		return 'S';
	if (!strcmp(arg->of, "any"))
		return 'a';
	return strncmp(arg->of, "interface{", 10) ? 'n' : 'i';
}

/* The first argument in which two places differ, or -1. */
static int difference(const struct bound_probe *a, const struct bound_probe *b)
{
	int i;

	for (i = 0; i < a->nargs && i < b->nargs; i++)
		if (strcmp(a->args[i].name, b->args[i].name) ||
		    class_of(&a->args[i]) != class_of(&b->args[i]))
			return i;
	return a->nargs == b->nargs ? -1 : i;
}

static size_t count_alike(const struct bound_probe *bound, size_t n, const struct bound_probe *as)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += !bound[i].refusal && difference(&bound[i], as) < 0;
	return count;
}

static const struct bound_probe *most_common(const struct bound_probe *bound, size_t n)
{
	const struct bound_probe *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		size_t count = bound[i].refusal ? 0 : count_alike(bound, n, &bound[i]);

		if (count > most) {
			most = count;
			best = &bound[i];
		}
	}
	return best;
}

static const char *name_of(const struct bound_probe *bound)
{
	return bound->function ? bound->function : bound->variant->symbol;
}

static void refuse_other(struct bound_probe *bound, const struct bound_probe *most, int at)
{
	const struct bound_arg *own = at < bound->nargs ? &bound->args[at] : NULL;
	const struct bound_arg *usual = at < most->nargs ? &most->args[at] : NULL;

	bound->refusal = REFUSED_OTHER_WORDS;
	bound->detail = mem_printf("in %s %s is %s, in %s %s is %s", name_of(bound),
				   own ? own->name : "the next", own ? own->of : "missing",
				   name_of(most), usual ? usual->name : "the next",
				   usual ? usual->of : "missing");
}

static void set_type(struct bound_arg *arg, const char *type)
{
	free(arg->type);
	free(arg->of);
	arg->type = mem_strdup(type);
	arg->of = mem_strdup(type);
}

/* Numbers may have other sizes elsewhere: the operands say how many bytes to read. */
static void unify(struct bound_probe *bound, size_t n, const struct bound_probe *most, int at)
{
	bool differ = false, is_signed = false;

	for (size_t i = 0; i < n; i++) {
		const struct bound_arg *arg = &bound[i].args[at];

		if (bound[i].refusal)
			continue;
		differ |= strcmp(arg->of, most->args[at].of) != 0;
		is_signed |= arg->op.size < 0;
	}
	for (size_t i = 0; i < n && differ; i++)
		if (!bound[i].refusal && class_of(&bound[i].args[at]) == 'n')
			set_type(&bound[i].args[at], is_signed ? "int64" : "uint64");
}

void agree(struct bound_probe *bound, size_t n)
{
	const struct bound_probe *most = most_common(bound, n);

	for (size_t i = 0; most && i < n; i++) {
		int at = bound[i].refusal ? -1 : difference(&bound[i], most);

		if (at >= 0)
			refuse_other(&bound[i], most, at);
	}
	for (int at = 0; most && at < most->nargs; at++)
		if (class_of(&most->args[at]) == 'n')
			unify(bound, n, most, at);
}
