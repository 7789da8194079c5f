/* SPDX-License-Identifier: MIT */
/* The probes of one ELF file. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "elf/sdt.h"
#include "tracer/listing.h"
#include "probe/pattern.h"

struct collect {
	struct listing *listing;
	const Elf64_Shdr *base; /* .stapsdt.base, or NULL */
};

static bool collect_note(const struct sdt_note *note, void *arg)
{
	struct collect *collect = arg;
	struct listing *listing = collect->listing;
	uint64_t moved = collect->base && note->base ? collect->base->sh_addr - note->base : 0;
	struct list_site site = {
		.provider = note->provider,
		.name = note->name,
		.pc = note->pc + moved,
		.semaphore = note->semaphore ? note->semaphore + moved : 0,
		.args = note->args,
	};

	mem_grow(&listing->sites, listing->nsites, &listing->sites_cap, sizeof(site));
	listing->sites[listing->nsites++] = site;
	return true;
}

static int by_name(const char *aprovider, const char *aname, const char *bprovider,
		   const char *bname)
{
	int order = strcmp(aprovider, bprovider);

	return order ? order : strcmp(aname, bname);
}

static int by_name_pc(const void *left, const void *right)
{
	const struct list_site *a = left, *b = right;
	int order = by_name(a->provider, a->name, b->provider, b->name);

	return order ? order : (a->pc > b->pc) - (a->pc < b->pc);
}

static int meta_site_by_pc(const void *left, const void *right)
{
	const struct meta_site *a = left, *b = right;

	return (a->pc > b->pc) - (a->pc < b->pc);
}

static int meta_probe_by_name(const void *left, const void *right)
{
	const struct meta_probe *a = left, *b = right;

	return by_name(a->provider, a->name, b->provider, b->name);
}

/* Finds each site's record; both tables are sorted, so a file of any size is quick. */
static void join_sites(struct listing *listing)
{
	struct meta *meta = listing->meta;

	if (!meta->nsites)
		return;
	qsort(meta->sites, meta->nsites, sizeof(*meta->sites), meta_site_by_pc);
	for (size_t i = 0; i < listing->nsites; i++) {
		struct meta_site key = { .pc = listing->sites[i].pc };

		listing->sites[i].meta = bsearch(&key, meta->sites, meta->nsites,
						 sizeof(key), meta_site_by_pc);
	}
}

static const struct meta_probe *find_meta_probe(const struct meta *meta,
						const struct list_site *site)
{
	struct meta_probe key = { .provider = site->provider, .name = site->name };

	if (!meta || !meta->nprobes || !site->meta)
		return NULL;
	return bsearch(&key, meta->probes, meta->nprobes, sizeof(key), meta_probe_by_name);
}

static void group_sites(struct listing *listing, const char *const *patterns, int npatterns)
{
	size_t end;

	for (size_t i = 0; i < listing->nsites; i = end) {
		const struct list_site *first = &listing->sites[i];
		struct list_probe probe = { .provider = first->provider, .name = first->name,
					    .sites = first };

		for (end = i; end < listing->nsites; end++)
			if (by_name(first->provider, first->name, listing->sites[end].provider,
				    listing->sites[end].name))
				break;
		probe.nsites = end - i;
		listing->nall++;
		if (!pattern_match_any(patterns, npatterns, probe.provider, probe.name))
			continue;
		probe.meta = find_meta_probe(listing->meta, first);
		mem_grow(&listing->probes, listing->nprobes, &listing->probes_cap,
			 sizeof(probe));
		listing->probes[listing->nprobes++] = probe;
	}
}

static struct err *read_into(struct listing *listing, const char *file,
			     const char *const *patterns, int npatterns)
{
	struct collect collect = { .listing = listing };

	TRY(image_open(file, &listing->image));
	collect.base = image_section(listing->image, ".stapsdt.base");
	TRY(sdt_each(listing->image, collect_note, &collect));
	TRY(meta_read(listing->image, false, &listing->meta));
	if (listing->nsites)
		qsort(listing->sites, listing->nsites, sizeof(*listing->sites), by_name_pc);
	if (listing->meta) {
		join_sites(listing);
		if (listing->meta->nprobes)
			qsort(listing->meta->probes, listing->meta->nprobes,
			      sizeof(*listing->meta->probes), meta_probe_by_name);
	}
	group_sites(listing, patterns, npatterns);
	return NULL;
}

struct err *listing_read(const char *file, const char *path, const char *const *patterns,
			 int npatterns, struct listing **listing_ret)
{
	struct listing *listing = mem_zalloc(sizeof(*listing));
	struct err *err = read_into(listing, file, patterns, npatterns);

	listing->path = mem_strdup(path);
	if (err) {
		listing_free(listing);
		return err;
	}
	*listing_ret = listing;
	return NULL;
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	free(listing->probes);
	free(listing->sites);
	meta_free(listing->meta);
	image_close(listing->image);
	free(listing->path);
	free(listing);
}

bool listing_is_go(const struct listing *listing)
{
	static const char *const sections[] = {
		".go.buildinfo", ".gopclntab", ".data.rel.ro.gopclntab", ".note.go.buildid",
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (image_section(listing->image, sections[i]))
			return true;
	return false;
}

/* Whether `next` is called like `first` (less `drop`) with `suffix` behind it. */
static bool continues(const struct meta_arg *first, const char *drop,
		      const struct meta_arg *next, const char *suffix, size_t *stem_ret)
{
	size_t len = strlen(first->name), dropped = strlen(drop);

	if (strcmp(first->of, next->of) || len <= dropped ||
	    strcmp(first->name + len - dropped, drop))
		return false;
	*stem_ret = len - dropped;
	return !strncmp(first->name, next->name, *stem_ret) &&
	       !strcmp(next->name + *stem_ret, suffix);
}

int listing_value(const struct meta_probe *probe, int at, struct list_value *value_ret)
{
	const struct meta_arg *arg = &probe->args[at];

	*value_ret = (struct list_value){ arg->name, strlen(arg->name), arg->type, at, 1 };
	if (at + 1 < probe->nargs && (continues(arg, "", arg + 1, "_len", &value_ret->len) ||
				      continues(arg, "_type", arg + 1, "_data",
						&value_ret->len))) {
		value_ret->type = arg->of;
		value_ret->nwords = 2;
	} else {
		value_ret->len = strlen(arg->name);
	}
	return at + value_ret->nwords;
}

char *listing_values(const struct meta_probe *probe)
{
	struct buf out = { 0 };
	struct list_value value;

	for (int i = 0, next; i < probe->nargs; i = next) {
		next = listing_value(probe, i, &value);
		buf_printf(&out, "%s%.*s %s", i ? ", " : "", (int)value.len, value.name,
			   value.type);
	}
	buf_u8(&out, 0);
	return (char *)out.data;
}
