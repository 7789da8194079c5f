/* SPDX-License-Identifier: MIT */
/* The list of functions in which the compiler leaves nops. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/defown.h"
#include "toolchain/cache.h"
#include "toolchain/toolchain.h"

struct site {
	char *symbol;
	bool entry, returns, noinline;
};

static int by_symbol(const void *a, const void *b)
{
	return strcmp(((const struct site *)a)->symbol, ((const struct site *)b)->symbol);
}

struct sites {
	struct site *list;
	size_t n, cap;
};

static void add_site(struct sites *sites, const struct def_variant *variant, char *symbol)
{
	mem_grow(&sites->list, sites->n, &sites->cap, sizeof(*sites->list));
	sites->list[sites->n++] = (struct site){
		.symbol = symbol,
		.entry = variant->at == DEF_ENTRY,
		.returns = variant->at == DEF_RETURN,
		.noinline = variant->noinline,
	};
}

/* Where `go test` compiles a program's package it has its import path, not "main". */
static char *tested_symbol(const struct def_probe *probe, const struct def_variant *variant)
{
	if (!probe->main_path || strncmp(variant->symbol, "main.", strlen("main.")))
		return NULL;

	char *path = def_escape_path(probe->main_path);
	char *symbol = mem_printf("%s%s", path, variant->symbol + strlen("main"));

	free(path);
	return symbol;
}

static struct sites collect(const struct def_set *defs, const bool *selected, unsigned minor)
{
	struct sites sites = { 0 };

	for (size_t i = 0; i < defs->nprobes; i++) {
		const struct def_probe *probe = &defs->probes[i];

		for (size_t j = 0; j < probe->nvariants && (!selected || selected[i]); j++) {
			const struct def_variant *variant = &probe->variants[j];
			char *tested = tested_symbol(probe, variant);

			if (minor && !def_range_has(variant->range, minor)) {
				free(tested);
				continue;
			}
			add_site(&sites, variant, mem_strdup(variant->symbol));
			if (tested)
				add_site(&sites, variant, tested);
		}
	}
	return sites;
}

static void free_sites(struct sites *sites)
{
	for (size_t i = 0; i < sites->n; i++)
		free(sites->list[i].symbol);
	free(sites->list);
}

char *toolchain_sites(const struct def_set *defs, const bool *selected, unsigned minor)
{
	struct buf text = { 0 };
	struct sites sites = collect(defs, selected, minor);
	const struct site *next = sites.list;

	if (sites.n)
		qsort(sites.list, sites.n, sizeof(*sites.list), by_symbol);
	for (const struct site *end = next + sites.n; next < end;) {
		struct site all = *next++;

		for (; next < end && !by_symbol(&all, next); next++) {
			all.entry |= next->entry;
			all.returns |= next->returns;
			all.noinline |= next->noinline;
		}
		buf_printf(&text, "%s%s%s %s\n", all.entry ? "e" : "", all.returns ? "r" : "",
			   all.noinline ? "n" : "", all.symbol);
	}
	buf_u8(&text, 0);
	free_sites(&sites);
	return (char *)text.data;
}

struct err *toolchain_sites_file(const char *text, char **path_ret)
{
	struct cache_piece piece = { text, strlen(text) };
	char digest[CACHE_DIGEST + 1], *folder;

	TRY(cache_folder("sites", &folder));
	cache_digest(&piece, 1, digest);

	char *path = mem_printf("%s/%s", folder, digest);
	struct err *err = access(path, R_OK) == 0 ? NULL : cache_replace(path, text, piece.len);

	free(folder);
	if (!err)
		*path_ret = path;
	else
		free(path);
	return err;
}
