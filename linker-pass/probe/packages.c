/* SPDX-License-Identifier: MIT */
/* Which packages' DWARF the definitions need. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/bind.h"
#include "probe/gotype.h"

struct packages {
	char **names; /* owned */
	size_t count, cap, bytes;
};

static void add(struct packages *all, const char *name, size_t len)
{
	for (size_t i = 0; i < all->count; i++) {
		if (strlen(all->names[i]) == len && !memcmp(all->names[i], name, len))
			return;
	}
	if (!len)
		return;
	mem_grow(&all->names, all->count, &all->cap, sizeof(*all->names));
	all->names[all->count++] = mem_strndup(name, len);
	all->bytes += len + 1;
}

static const char **pack(struct packages *all)
{
	const char **list = mem_zalloc(all->count * sizeof(*list) + all->bytes);
	char *text = (char *)(list + all->count);

	for (size_t i = 0; i < all->count; i++) {
		list[i] = strcpy(text, all->names[i]);
		text += strlen(text) + 1;
		free(all->names[i]);
	}
	free(all->names);
	return list;
}

/* Those of the structs that errtext() looks into. */
static void add_error_packages(struct packages *all, const struct def_variant *variant,
			       size_t nvalues)
{
	for (size_t i = 0; i < nvalues; i++) {
		if (variant->values[i] && strstr(variant->values[i], "errtext(")) {
			add(all, "errors", strlen("errors"));
			add(all, "fmt", strlen("fmt"));
		}
	}
}

void bind_packages(const struct def_set *defs, const bool *selected,
		   const char ***packages_ret, size_t *n_ret)
{
	struct packages all = { 0 };

	add(&all, "runtime", strlen("runtime"));
	for (size_t i = 0; i < defs->nprobes; i++) {
		const struct def_probe *probe = &defs->probes[i];

		if (selected && !selected[i])
			continue;
		add(&all, probe->package, strlen(probe->package));
		for (size_t j = 0; j < probe->nvariants; j++) {
			const struct def_variant *variant = &probe->variants[j];

			add(&all, variant->symbol, gotype_package_len(variant->symbol));
			add_error_packages(&all, variant, variant->nvalues);
		}
	}
	*n_ret = all.count;
	*packages_ret = pack(&all);
}
