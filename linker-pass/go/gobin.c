/* SPDX-License-Identifier: MIT */
/* Puts build information, function table and moduledata together; finds functions by name. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/parts.h"

uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash;
}

/* Functions of one name keep the order of their addresses: the first is found first. */
static void index_names(struct gobin *gobin)
{
	struct gofunc_index *index = gobin->index;
	size_t count = 16;

	while (count < gobin->nfuncs * 2)
		count *= 2;
	index->slots = mem_zalloc(count * sizeof(*index->slots));
	index->mask = (uint32_t)(count - 1);
	for (size_t i = 0; i < gobin->nfuncs; i++) {
		uint32_t at = name_hash(gobin->funcs[i].name) & index->mask;

		while (index->slots[at])
			at = (at + 1) & index->mask;
		index->slots[at] = (uint32_t)i + 1;
	}
}

const struct gofunc *gobin_func(const struct gobin *gobin, const char *name)
{
	const struct gofunc_index *index = gobin->index;
	uint32_t at = name_hash(name) & index->mask;

	for (; index->slots[at]; at = (at + 1) & index->mask) {
		const struct gofunc *func = &gobin->funcs[index->slots[at] - 1];

		if (strcmp(func->name, name) == 0)
			return func;
	}
	return NULL;
}

const char *gobin_setting(const struct gobin *gobin, const char *key)
{
	for (size_t i = 0; i < gobin->nsettings; i++)
		if (strcmp(gobin->settings[i].key, key) == 0)
			return gobin->settings[i].value;
	return NULL;
}

/* The text address: moduledata's, or up to Go 1.25 the table's own when there is no other. */
static struct err *locate_text(struct gobin *gobin)
{
	const struct pclntab *tab = &gobin->index->tab;
	struct module *module = &gobin->index->module;
	const char *path = gobin->image->path;

	if (!module_find(tab, gobin->minor, module)) {
		if (!tab->text_start)
			return err_new("%s: no moduledata points at the pclntab at file offset 0x%"
				       PRIx64 "; the address of the code is not known", path,
				       pclntab_offset(tab, 0));
		module->text = tab->text_start;
		module->etext = tab->text_start + pclntab_entry(tab, tab->nfunc);
	} else if (tab->text_start && tab->text_start != module->text) {
		return err_new("%s: pclntab at file offset 0x%" PRIx64 ": code at 0x%" PRIx64
			       ", but moduledata says 0x%" PRIx64, path, pclntab_offset(tab, 24),
			       tab->text_start, module->text);
	}
	gobin->text_start = module->text;
	gobin->text_end = module->etext;
	return NULL;
}

/* All of the code must be in the file, or no function can be looked at. */
static struct err *check_text(const struct gobin *gobin)
{
	const struct pclntab *tab = &gobin->index->tab;
	uint64_t len = pclntab_entry(tab, tab->nfunc);
	uint64_t rest;

	if (!image_rest(gobin->image, gobin->text_start, &rest) || len > rest)
		return err_new("%s: pclntab at file offset 0x%" PRIx64 ": functions at 0x%" PRIx64
			       "+0x%" PRIx64 " are not all in one segment of the file",
			       gobin->image->path, pclntab_offset(tab, tab->func),
			       gobin->text_start, len);
	return NULL;
}

static struct err *read_funcs(struct gobin *gobin)
{
	const struct pclntab *tab = &gobin->index->tab;

	gobin->funcs = mem_zalloc(tab->nfunc * sizeof(*gobin->funcs));
	for (uint64_t i = 0; i < tab->nfunc; i++) {
		uint32_t entry = pclntab_entry(tab, i), end = pclntab_entry(tab, i + 1);
		struct gofunc *func = &gobin->funcs[i];
		struct func_record rec;

		if (end < entry)
			return err_new("%s: pclntab at file offset 0x%" PRIx64 ": function %"
				       PRIu64 " at +0x%x comes after +0x%x", gobin->image->path,
				       pclntab_offset(tab, tab->func + (i + 1) * 8), i + 1, end,
				       entry);
		TRY(pclntab_record(tab, i, &rec));
		func->entry = gobin->text_start + entry;
		func->end = gobin->text_start + end;
		func->name = (const char *)tab->data + tab->funcname + rec.name;
		func->deferreturn = rec.deferreturn;
		func->func_id = rec.func_id;
		func->flag = rec.flag;
		gobin->nfuncs++;
	}
	return NULL;
}

static struct err *gobin_load(struct gobin *gobin)
{
	TRY(buildinfo_read(gobin->image, gobin));
	TRY(pclntab_find(gobin->image, &gobin->index->tab));
	TRY(locate_text(gobin));
	TRY(check_text(gobin));
	TRY(read_funcs(gobin));
	index_names(gobin);
	return NULL;
}

struct err *gobin_read(const struct image *image, struct gobin **gobin_ret)
{
	struct gobin *gobin = mem_zalloc(sizeof(*gobin));

	gobin->image = image;
	gobin->index = mem_zalloc(sizeof(*gobin->index));
	struct err *err = gobin_load(gobin);

	if (err) {
		gobin_free(gobin);
		return err;
	}
	*gobin_ret = gobin;
	return NULL;
}

void gobin_free(struct gobin *gobin)
{
	if (!gobin)
		return;
	for (size_t i = 0; i < gobin->nsettings; i++) {
		free(gobin->settings[i].key);
		free(gobin->settings[i].value);
	}
	free(gobin->settings);
	free(gobin->index->slots);
	free(gobin->index);
	free(gobin->funcs);
	free(gobin->main_path);
	free(gobin->version);
	free(gobin);
}
