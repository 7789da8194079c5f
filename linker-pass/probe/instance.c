/* SPDX-License-Identifier: MIT */
/* Functions that a definition means. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/defown.h"
#include "probe/gotype.h"
#include "probe/instance.h"

struct finder {
	const struct gobin *gobin;
	struct godwarf *dwarf;
	struct instance *list;
	size_t n, cap;
};

/* What go build says when it is given files in place of a package. */
static bool path_known(const struct gobin *gobin)
{
	return *gobin->main_path && strcmp(gobin->main_path, "command-line-arguments");
}

/* A test's program has the path of the package it tests, and ".test" behind. */
static bool tests(const struct gobin *gobin, const char *path)
{
	size_t len = strlen(path);

	return !strncmp(gobin->main_path, path, len) && !strcmp(gobin->main_path + len, ".test");
}

enum instance_program instance_program(const struct gobin *gobin, const struct def_set *defs,
				       const struct def_probe *def)
{
	if (!def->main_path)
		return INSTANCE_OWN;
	if (path_known(gobin))
		return !strcmp(gobin->main_path, def->main_path) || tests(gobin, def->main_path)
			       ? INSTANCE_OWN : INSTANCE_FOREIGN;
	for (size_t i = 0; i < defs->nprobes; i++) {
		const char *path = defs->probes[i].main_path;

		if (path && strcmp(path, def->main_path))
			return INSTANCE_UNSURE;
	}
	return INSTANCE_OWN;
}

/* Past a bracket and what it holds. */
static const char *skip_brackets(const char *p)
{
	int depth = 0;

	do {
		depth += (*p == '[') - (*p == ']');
		p++;
	} while (depth && *p);
	return p;
}

/* Whether the names are the same but for what stands in brackets. */
static bool same_but_arguments(const char *a, const char *b)
{
	for (;;) {
		if (*a == '[')
			a = skip_brackets(a);
		else if (*b == '[')
			b = skip_brackets(b);
		else if (*a != *b || !*a)
			return *a == *b;
		else
			a++, b++;
	}
}

static void add(struct finder *find, const struct gofunc *func)
{
	struct instance one = { .func = func, .name = func->name };
	const char *name;

	if (find->dwarf && godwarf_func_at(find->dwarf, func->entry, &one.dwarf, &name)) {
		if (same_but_arguments(name, func->name))
			one.name = name;
		else
			one.dwarf = 0; /* of another link of the program */
	}
	/* The others fetch a dictionary and call one of these, or hold a copy of it. */
	if (strchr(one.name, '[') && !strstr(one.name, "go.shape.") &&
	    !strstr(one.name, "[...]"))
		return;
	mem_grow(&find->list, find->n, &find->cap, sizeof(*find->list));
	find->list[find->n++] = one;
}

static void find_symbol(struct finder *find, const char *symbol)
{
	const struct gofunc *exact = gobin_func(find->gobin, symbol);
	size_t package = gotype_package_len(symbol);

	if (exact && !strchr(symbol, '[')) {
		add(find, exact);
		return;
	}
	for (size_t i = 0; package && i < find->gobin->nfuncs; i++) {
		const struct gofunc *func = &find->gobin->funcs[i];

		if (!strncmp(func->name, symbol, package) &&
		    same_but_arguments(func->name, symbol))
			add(find, func);
	}
}

/* "pkg.T.M" as "pkg.(*T).M"; NULL when it is no such symbol. Owned by the caller. */
static char *by_pointer(const char *symbol)
{
	size_t package = gotype_package_len(symbol);
	const char *type = symbol + package + 1, *end;

	if (!package || *type == '(')
		return NULL;
	end = type + strcspn(type, ".[");
	if (*end == '[')
		end = skip_brackets(end);
	if (*end != '.')
		return NULL;
	return mem_printf("%.*s(*%.*s)%s", (int)(type - symbol), symbol, (int)(end - type), type,
			  end);
}

/* The symbol, or else what it may be short for. */
static void find_any(struct finder *find, const char *symbol)
{
	char *pointer;

	find_symbol(find, symbol);
	pointer = find->n ? NULL : by_pointer(symbol);
	if (pointer)
		find_symbol(find, pointer);
	free(pointer);
}

/*
 * A program's package is "main" to the linker; where it is tested it has its import path, and
 * another main calls it. A definition file that says the path may mean either.
 */
static void find_all(struct finder *find, const struct def_probe *def, const char *symbol)
{
	const char *path = def->main_path ? def->main_path : def->package;
	char *package = def_escape_path(def->package), *whole = def_escape_path(path);
	const char *rest = symbol + strlen(package);
	bool own = !strncmp(symbol, package, strlen(package)) && *rest == '.';
	char *forms[] = { own ? mem_printf("%s%s", whole, rest) : mem_strdup(symbol),
			  own && !strcmp(find->gobin->main_path, path)
				  ? mem_printf("main%s", rest) : NULL,
			  mem_strdup(symbol),
			  own ? mem_strdup(rest + 1) : NULL }; /* "fmt.Println" */

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (forms[i] && !find->n)
			find_any(find, forms[i]);
		free(forms[i]);
	}
	free(whole);
	free(package);
}

static int compare(const void *a, const void *b)
{
	const struct instance *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->func->entry < y->func->entry ? -1 : x->func->entry > y->func->entry;
}

struct instance *instance_find(const struct gobin *gobin, struct godwarf *dwarf,
			       const struct def_probe *def, const struct def_variant *variant,
			       size_t *n_ret)
{
	struct finder find = { .gobin = gobin, .dwarf = dwarf };

	find_all(&find, def, variant->symbol);
	if (find.n)
		qsort(find.list, find.n, sizeof(*find.list), compare);
	*n_ret = find.n;
	return find.list;
}
