/* SPDX-License-Identifier: MIT */
/* Definition sets: loading, replacing, sorting, freeing. */
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/def.h"
#include "probe/defread.h"
#include "probe/embed.h"

#define MAX_FILE (16u << 20)

bool def_range_has(struct go_range range, unsigned minor)
{
	return minor >= range.since && (!range.until || minor <= range.until);
}

const char *def_at_name(enum def_at at)
{
	return at == DEF_RETURN ? "return" : "entry";
}

bool def_next_name(const char **pos, const char **name_ret, int *len_ret)
{
	*name_ret = *pos + strspn(*pos, " ");
	*len_ret = (int)strcspn(*name_ret, " ");
	*pos = *name_ret + *len_ret;
	return *len_ret;
}

char *def_range_text(struct go_range range)
{
	unsigned since = range.since ? range.since : 18;

	if (!range.until)
		return mem_printf("Go 1.%u and later", since);
	if (range.until == since)
		return mem_printf("Go 1.%u", since);
	return mem_printf("Go 1.%u to 1.%u", since, range.until);
}

static void free_variant(struct def_variant *variant)
{
	free(variant->symbol);
	free(variant->signature);
	free(variant->goid);
	free(variant->when);
	free(variant->within);
	for (size_t i = 0; i < variant->nvalues; i++)
		free(variant->values[i]);
	free(variant->values);
	free(variant->values_at);
}

static void free_probe(struct def_probe *probe)
{
	for (size_t i = 0; i < probe->nvariants; i++)
		free_variant(&probe->variants[i]);
	for (size_t i = 0; i < probe->nargs; i++) {
		free(probe->args[i].name);
		free(probe->args[i].type);
		free(probe->args[i].unit);
		free(probe->args[i].doc);
	}
	free(probe->provider);
	free(probe->name);
	free(probe->doc);
	free(probe->stability);
	free(probe->otel);
	free(probe->args);
	free(probe->variants);
}

void def_free(struct def_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->nprobes; i++)
		free_probe(&set->probes[i]);
	for (size_t i = 0; i < set->ntypes; i++) {
		free(set->types[i].name);
		free(set->types[i].type);
	}
	for (size_t i = 0; i < set->nenums; i++)
		def_enum_free(set->enums[i]);
	for (size_t i = 0; i < set->nstrings; i++)
		free(set->strings[i]);
	free(set->probes);
	free(set->types);
	free(set->enums);
	free(set->strings);
	free(set);
}

static int compare_probes(const void *a, const void *b)
{
	const struct def_probe *x = a, *y = b;
	int order = strcmp(x->provider, y->provider);

	return order ? order : strcmp(x->name, y->name);
}

static int compare_places(const void *a, const void *b)
{
	const struct def_probe *x = a, *y = b;
	int order = compare_probes(x, y);

	return order ? order : strcmp(x->main_path ? x->main_path : "",
				      y->main_path ? y->main_path : "");
}

/* Each program's package main may have its own probe of a name. */
static bool same_program(const struct def_probe *a, const struct def_probe *b)
{
	return !a->main_path || !b->main_path || !strcmp(a->main_path, b->main_path);
}

struct def_probe *def_find_probe(const struct def_set *set, const struct def_probe *like)
{
	for (size_t i = 0; i < set->nprobes; i++)
		if (!compare_probes(&set->probes[i], like) &&
		    same_program(&set->probes[i], like))
			return &set->probes[i];
	return NULL;
}

/* Adds a probe, or puts it in the place of its namesake; takes it over. */
static void put_probe(struct def_set *set, struct def_probe *probe)
{
	struct def_probe *old = def_find_probe(set, probe);

	if (old) {
		free_probe(old);
		*old = *probe;
		return;
	}
	set->probes = mem_realloc(set->probes, (set->nprobes + 1) * sizeof(*set->probes));
	set->probes[set->nprobes++] = *probe;
}

void def_append(struct def_set *set, struct def_set *file)
{
	for (size_t i = 0; i < file->nprobes; i++)
		put_probe(set, &file->probes[i]);
	set->types = mem_realloc(set->types,
				 (set->ntypes + file->ntypes) * sizeof(*set->types));
	for (size_t i = 0; i < file->ntypes; i++)
		set->types[set->ntypes++] = file->types[i];
	set->enums = mem_realloc(set->enums,
				 (set->nenums + file->nenums) * sizeof(*set->enums));
	for (size_t i = 0; i < file->nenums; i++)
		set->enums[set->nenums++] = file->enums[i];
	set->strings = mem_realloc(set->strings,
				   (set->nstrings + file->nstrings) * sizeof(*set->strings));
	for (size_t i = 0; i < file->nstrings; i++)
		set->strings[set->nstrings++] = file->strings[i];
	file->nprobes = file->ntypes = file->nenums = file->nstrings = 0;
	def_free(file);
}

void def_merge(struct def_set *set, struct def_set *file)
{
	def_append(set, file);
	if (set->nprobes)
		qsort(set->probes, set->nprobes, sizeof(*set->probes), compare_places);
}

/* One document of a file. *any_ret: in, whether one came before; out, whether one was there. */
static struct err *load_next(struct def_set *set, struct yaml_stream *stream, const char *name,
			     const struct def_context *context, bool *any_ret)
{
	struct def_set *file;
	struct yaml_doc *doc;
	bool first = !*any_ret;

	TRY(yaml_next(stream, &doc));
	*any_ret = doc;
	if (!doc)
		return first ? err_new("%s:1:1: the file holds no definitions", name) : NULL;
	file = mem_zalloc(sizeof(*file));

	struct err *err = def_read(file, yaml_root(doc), name, context);

	yaml_close(doc);
	if (err)
		def_free(file);
	else
		def_merge(set, file);
	return err;
}

struct err *def_load_text(struct def_set *set, const char *name, const char *text, size_t len)
{
	return def_load_in(set, name, text, len, NULL);
}

struct err *def_load_in(struct def_set *set, const char *name, const char *text, size_t len,
			const struct def_context *context)
{
	struct yaml_stream *stream;
	struct err *err;
	bool any = false;

	TRY(yaml_start(name, text, len, &stream));
	while (!(err = load_next(set, stream, name, context, &any)) && any)
		;
	yaml_end(stream);
	def_digest_add(set, text, len);
	return err;
}

void def_digest_add(struct def_set *set, const char *text, size_t len)
{
	uint64_t size = len;
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, set->digest, sizeof(set->digest));
	SHA256Update(&context, (const uint8_t *)&size, sizeof(size));
	SHA256Update(&context, (const uint8_t *)text, len);
	SHA256Final(set->digest, &context);
}

void def_digest(const struct def_set *set, char text_ret[DEF_DIGEST_SIZE])
{
	for (size_t i = 0; i < sizeof(set->digest); i++)
		sprintf(text_ret + 2 * i, "%02x", set->digest[i]);
}

bool def_needs_dwarf(const struct def_set *set, const bool *selected)
{
	for (size_t i = 0; i < set->nprobes; i++) {
		const struct def_probe *probe = &set->probes[i];

		for (size_t j = 0; j < probe->nvariants; j++)
			if ((!selected || selected[i]) && !probe->variants[j].signature)
				return true;
	}
	return false;
}

struct err *def_load_file(struct def_set *set, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text = { 0 };

	if (fd < 0)
		return err_sys(errno, "%s: cannot open", path);

	int errnum = buf_read(&text, fd, MAX_FILE);

	close(fd);

	struct err *err = NULL;

	if (errnum)
		err = err_sys(errnum, "%s: cannot read", path);
	else if (text.len > MAX_FILE)
		err = err_new("%s: larger than 16 MiB: this is no definition file", path);
	else
		err = def_load_text(set, path, (const char *)text.data, text.len);
	buf_free(&text);
	return err;
}

struct err *def_load_builtin(struct def_set **set_ret)
{
	struct def_set *set = mem_zalloc(sizeof(*set));

	for (const struct embed_file *file = embed_files; file->name; file++) {
		size_t len = strlen(file->name);

		if (len < 5 || strcmp(file->name + len - 5, ".yaml"))
			continue;

		struct err *err = def_load_text(set, file->name, file->text, file->len);

		if (err) {
			def_free(set);
			return err;
		}
	}
	*set_ret = set;
	return NULL;
}
