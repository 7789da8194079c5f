/* SPDX-License-Identifier: MIT */
/* The list of functions in which the compiler leaves nops. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "toolchain/cache.h"
#include "toolchain/toolchain.h"

struct site {
	const char *symbol; /* borrowed from the definitions */
	bool entry, returns, noinline;
};

static int by_symbol(const void *a, const void *b)
{
	return strcmp(((const struct site *)a)->symbol, ((const struct site *)b)->symbol);
}

static struct site *collect(const struct def_set *defs, const bool *selected, unsigned minor,
			    size_t *n_ret)
{
	struct site *sites = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < defs->nprobes; i++) {
		const struct def_probe *probe = &defs->probes[i];

		for (size_t j = 0; j < probe->nvariants && (!selected || selected[i]); j++) {
			const struct def_variant *variant = &probe->variants[j];

			if (minor && !def_range_has(variant->range, minor))
				continue;
			mem_grow(&sites, n, &cap, sizeof(*sites));
			sites[n++] = (struct site){
				.symbol = variant->symbol,
				.entry = variant->at == DEF_ENTRY,
				.returns = variant->at == DEF_RETURN,
				.noinline = variant->noinline,
			};
		}
	}
	*n_ret = n;
	return sites;
}

char *toolchain_sites(const struct def_set *defs, const bool *selected, unsigned minor)
{
	struct buf text = { 0 };
	size_t n;
	struct site *sites = collect(defs, selected, minor, &n);

	if (n)
		qsort(sites, n, sizeof(*sites), by_symbol);
	for (size_t i = 0; i < n; i++) {
		struct site all = sites[i];

		for (; i + 1 < n && !by_symbol(&all, &sites[i + 1]); i++) {
			all.entry |= sites[i + 1].entry;
			all.returns |= sites[i + 1].returns;
			all.noinline |= sites[i + 1].noinline;
		}
		buf_printf(&text, "%s%s%s %s\n", all.entry ? "e" : "", all.returns ? "r" : "",
			   all.noinline ? "n" : "", all.symbol);
	}
	buf_u8(&text, 0);
	free(sites);
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
