/* SPDX-License-Identifier: MIT */
/* Definitions bound to one binary. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/agree.h"
#include "probe/arg.h"
#include "probe/bind.h"
#include "probe/dwarfsig.h"
#include "probe/fields.h"
#include "probe/instance.h"
#include "probe/paramcheck.h"

static struct bound_probe *add_bound(struct bound_set *set, const struct def_probe *def,
				     const struct def_variant *variant)
{
	struct bound_probe *bound;

	set->probes = mem_realloc(set->probes, (set->nprobes + 1) * sizeof(*set->probes));
	bound = &set->probes[set->nprobes++];
	*bound = (struct bound_probe){ .def = def, .variant = variant };
	return bound;
}

static void refuse(struct bound_probe *bound, enum refusal refusal, char *detail)
{
	bound->refusal = refusal;
	bound->detail = detail;
}

static void refuse_version(struct bound_set *set, const struct def_probe *def)
{
	char *where = mem_strdup("");

	for (size_t i = 0; i < def->nvariants; i++) {
		char *range = def_range_text(def->variants[i].range);
		char *joined = strstr(where, range)
				       ? mem_strdup(where)
				       : mem_printf("%s%s%s", where, *where ? ", " : "", range);

		free(range);
		free(where);
		where = joined;
	}
	refuse(add_bound(set, def, NULL), REFUSED_VERSION, mem_printf("offered by %s", where));
	free(where);
}

/* Experiments that change how arguments are passed or structs are laid out. */
static bool odd_toolchain(const struct gobin *gobin)
{
	return strstr(gobin->version, "noregabi") || strstr(gobin->version, "staticlockranking");
}

static struct err *bind_signature(struct fields *fields, const struct gotype_func *func,
				  struct bound_probe *bound)
{
	struct abi_value *values = abi_assign(func);
	char *detail = paramcheck(fields->dwarf, bound->variant->symbol, func, values);
	struct err *err = NULL;

	if (detail)
		refuse(bound, REFUSED_DWARF_MISMATCH, detail);
	else
		err = arg_bind(fields, func, values, bound);
	free(values);
	return err;
}

/* The first of the space-separated functions that is in the binary, or NULL. */
static const struct gofunc *find_first(const struct gobin *gobin, const char *names)
{
	const struct gofunc *func = NULL;
	const char *name;
	int len;

	while (!func && def_next_name(&names, &name, &len)) {
		char *symbol = mem_strndup(name, (size_t)len);

		func = gobin_func(gobin, symbol);
		free(symbol);
	}
	return func;
}

/* Whether the probe can be bound at all, as far as that does not depend on its function. */
static bool check_surroundings(const struct fields *fields, struct bound_probe *bound)
{
	const struct def_variant *variant = bound->variant;

	bound->within = find_first(fields->gobin, variant->within);
	if (*variant->within && !bound->within) {
		refuse(bound, REFUSED_NOT_IN_BINARY,
		       mem_printf("no %s to call it", variant->within));
		return false;
	}
	if (odd_toolchain(fields->gobin)) {
		refuse(bound, REFUSED_LAYOUT,
		       mem_printf("built by an experimental toolchain, \"%s\"",
				  fields->gobin->version));
		return false;
	}
	return true;
}

static struct err *bind_variant(struct fields *fields, struct bound_probe *bound)
{
	const struct def_variant *variant = bound->variant;
	struct golex in = { variant->signature, variant->signature };
	struct gotype_func *func;

	bound->func = gobin_func(fields->gobin, variant->symbol);
	if (!bound->func) {
		refuse(bound, REFUSED_NOT_IN_BINARY, NULL);
		return NULL;
	}
	if (!check_surroundings(fields, bound))
		return NULL;

	char *package = mem_strndup(variant->symbol, gotype_package_len(variant->symbol));
	struct gotype_env env = { fields->defs, fields->gobin->minor, package };
	struct err *err = gotype_parse_func(&in, &env, &func);

	free(package);
	if (err)
		return err_prefix(err, "%s:%d:%d", bound->def->file, variant->signature_at.line,
				  variant->signature_at.column + (int)(in.pos - in.text));
	err = bind_signature(fields, func, bound);
	gotype_func_free(func);
	return err;
}

/* What to do when the parameters in DWARF cannot be all there are. */
static const char *why_not_so(const struct fields *fields, const char *detail)
{
	if (fields->gobin->minor >= 22)
		return detail;
	return "Go before 1.22 tells nothing about parameters without a name; name them, or say "
	       "the signature";
}

/* The same with a signature that comes from DWARF. */
static struct err *bind_params(struct fields *fields, const struct instance *instance,
			       const struct godwarf_param *params, size_t n,
			       struct bound_probe *bound)
{
	struct gotype_func *func = dwarfsig(fields->dwarf, instance->dwarf, instance->name,
					    fields->gobin->minor, params, n, &bound->detail);
	struct abi_value *values;
	struct err *err = NULL;
	char *detail;

	if (!func) {
		bound->refusal = REFUSED_DWARF_MISMATCH;
		return NULL;
	}
	fields->used_dwarf = true;
	values = abi_assign(func);
	detail = paramcheck_params(params, n, func, values);
	if (detail)
		refuse(bound, REFUSED_DWARF_MISMATCH, mem_strdup(why_not_so(fields, detail)));
	else
		err = arg_bind(fields, func, values, bound);
	free(detail);
	free(values);
	gotype_func_free(func);
	return err;
}

static struct err *bind_instance(struct fields *fields, const struct instance *instance,
				 struct bound_probe *bound)
{
	struct godwarf_param *params;
	struct err *err;
	size_t n;

	bound->func = instance->func;
	bound->function = mem_strdup(instance->name);
	if (!check_surroundings(fields, bound))
		return NULL;
	if (!fields->dwarf) {
		refuse(bound, REFUSED_NO_DWARF,
		       mem_strdup("build without -ldflags=-s and -w and strip the program later, "
				  "or build it with -toolexec=\"probes toolexec\", or give the "
				  "definition a signature"));
		return NULL;
	}
	if (!instance->dwarf ||
	    !godwarf_params_of(fields->dwarf, instance->dwarf, &params, &n)) {
		refuse(bound, REFUSED_NO_DWARF,
		       mem_strdup("`go run` and -gcflags=-dwarf=false leave it out; "
				  "take `go build`"));
		return NULL;
	}
	err = bind_params(fields, instance, params, n, bound);
	free(params);
	return err;
}

/*
 * All functions that a variant without a signature means. What is wrong for one of several
 * instances may be right for the others, and what a function literal has captured depends on
 * Go's release and on optimisation.
 */
static struct err *bind_instances(struct fields *fields, const struct def_probe *def,
				  const struct def_variant *variant, struct bound_set *set)
{
	struct err *err = NULL;
	size_t n;
	struct instance *list = instance_find(fields->gobin, fields->dwarf, def, variant, &n);

	if (!n)
		refuse(add_bound(set, def, variant), REFUSED_NOT_IN_BINARY, NULL);
	for (size_t i = 0; i < n && !err; i++) {
		struct bound_probe *bound = add_bound(set, def, variant);

		err = bind_instance(fields, &list[i], bound);
		if (err && (n > 1 || dwarfsig_is_literal(variant->symbol))) {
			refuse(bound, REFUSED_DWARF_MISMATCH, mem_strdup(err->message));
			err_free(err);
			err = NULL;
		}
	}
	free(list);
	return err;
}

static struct err *bind_probe(struct fields *fields, const struct def_probe *def,
			      struct bound_set *set)
{
	unsigned minor = fields->gobin->minor;
	size_t first = set->nprobes;
	bool any = false, from_dwarf = false;

	switch (instance_program(fields->gobin, fields->defs, def)) {
	case INSTANCE_FOREIGN:
		return NULL;
	case INSTANCE_UNSURE:
		refuse(add_bound(set, def, &def->variants[0]), REFUSED_NOT_IN_BINARY,
		       mem_strdup("built from files, so nothing tells whose package main it has; "
				  "build the package"));
		return NULL;
	case INSTANCE_OWN:
		break;
	}
	for (size_t i = 0; i < def->nvariants; i++) {
		const struct def_variant *variant = &def->variants[i];

		if (!def_range_has(variant->range, minor))
			continue;
		any = true;
		from_dwarf |= !variant->signature;
		if (variant->signature)
			TRY(bind_variant(fields, add_bound(set, def, variant)));
		else
			TRY(bind_instances(fields, def, variant, set));
	}
	if (!any)
		refuse_version(set, def);
	if (from_dwarf)
		agree(&set->probes[first], set->nprobes - first);
	return NULL;
}

static const char *how_to_keep(const struct def_variant *variant)
{
	if (variant->signature)
		return "";
	return variant->noinline ? "; --mode inline of `probes toolexec` keeps it"
				 : "; //go:noinline above it keeps it";
}

static void count_inlined(struct bound_set *set, const struct gobin *gobin)
{
	const char **names = mem_zalloc(set->nprobes * sizeof(*names));
	unsigned *counts = mem_zalloc(set->nprobes * sizeof(*counts));
	size_t n = 0;

	for (size_t i = 0; i < set->nprobes; i++) {
		if (set->probes[i].variant)
			names[n++] = set->probes[i].variant->symbol;
	}
	gobin_count_inlined(gobin, names, n, counts);
	n = 0;
	for (size_t i = 0; i < set->nprobes; i++) {
		struct bound_probe *bound = &set->probes[i];

		if (!bound->variant)
			continue;
		bound->inlined_copies = counts[n++];
		if (bound->refusal == REFUSED_NOT_IN_BINARY && bound->inlined_copies &&
		    !bound->detail)
			bound->detail = mem_printf("inlined in %u place%s%s", bound->inlined_copies,
						   bound->inlined_copies == 1 ? "" : "s",
						   how_to_keep(bound->variant));
	}
	free(names);
	free(counts);
}

struct err *bind_probes_seen(const struct def_set *defs, const bool *selected,
			     const struct gobin *gobin, struct godwarf *dwarf,
			     bind_seen_fn *seen, void *seen_arg, struct bound_set **set_ret)
{
	struct fields fields = { .defs = defs, .gobin = gobin, .dwarf = dwarf, .seen = seen,
				 .seen_arg = seen_arg };
	struct bound_set *set = mem_zalloc(sizeof(*set));

	for (size_t i = 0; i < defs->nprobes; i++) {
		struct err *err = NULL;

		if (!selected || selected[i])
			err = bind_probe(&fields, &defs->probes[i], set);
		if (err) {
			bind_free(set);
			return err;
		}
	}
	count_inlined(set, gobin);
	set->used_dwarf = fields.used_dwarf;
	*set_ret = set;
	return NULL;
}

struct err *bind_probes(const struct def_set *defs, const bool *selected,
			const struct gobin *gobin, struct godwarf *dwarf,
			struct bound_set **set_ret)
{
	return bind_probes_seen(defs, selected, gobin, dwarf, NULL, NULL, set_ret);
}

void bind_free(struct bound_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->nprobes; i++) {
		struct bound_probe *bound = &set->probes[i];

		for (int j = 0; j < bound->nargs; j++) {
			free(bound->args[j].name);
			free(bound->args[j].type);
			free(bound->args[j].of);
		}
		free(bound->detail);
		free(bound->function);
	}
	free(set->probes);
	free(set);
}
