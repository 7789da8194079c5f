/* SPDX-License-Identifier: MIT */
/*
 * Flame graphs. The page is tracer/flame.html, with marks where the title and the data go.
 * The data are names and, callers before what they call, the nodes of the tree of calls as
 * three numbers each: name, value, children.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tracer/profile.h"

/* The page as it is, with a NUL behind it. */
__asm__(".pushsection .rodata\n"
	"flame_page:\n"
	"	.incbin \"tracer/flame.html\"\n"
	"	.byte 0\n"
	".popsection\n");
extern const char flame_page[];

struct named {
	char *name, *file; /* name is owned */
	uint32_t number;
};

/* One sample as numbers of names, the outermost first. */
struct path {
	uint32_t *names;
	size_t n;
	double value;
};

struct flame {
	struct buf *out;
	struct set names;
	struct named **by_number;
	size_t cap;
	struct path *paths;
	size_t npaths;
	const char *between; /* before the next number */
};

static uint64_t hash_named(const void *item)
{
	uint64_t hash = 0;

	for (const char *at = ((const struct named *)item)->name; *at; at++)
		hash = set_mix(hash, (uint8_t)*at);
	return hash;
}

static bool same_named(const void *left, const void *right)
{
	return !strcmp(((const struct named *)left)->name, ((const struct named *)right)->name);
}

static void free_named(void *item)
{
	free(((struct named *)item)->name);
	free(item);
}

static uint32_t number_of(struct flame *flame, const char *name, char *file)
{
	struct named like = { (char *)(uintptr_t)name, file, (uint32_t)flame->names.n };
	struct named *known = set_find(&flame->names, &like);

	if (!known) {
		known = mem_dup(&like, sizeof(like));
		known->name = mem_strdup(name);
		mem_grow(&flame->by_number, flame->names.n, &flame->cap,
			 sizeof(*flame->by_number));
		flame->by_number[flame->names.n] = known;
		set_add(&flame->names, known);
	}
	return known->number;
}

static struct path path_of(struct flame *flame, const struct profile_sample *sample, double value)
{
	struct path path = { .value = value };
	size_t most = sample->nlabels + 1;

	for (size_t i = 0; i < sample->nplaces; i++)
		most += sample->places[i]->nframes;
	path.names = mem_zalloc(most * sizeof(*path.names));
	for (size_t i = 0; i < sample->nlabels; i++) {
		char *name = profile_label_frame(&sample->labels[i]);

		path.names[path.n++] = number_of(flame, name, "");
		free(name);
	}
	for (size_t i = sample->nplaces; i > 0; i--)
		for (size_t j = sample->places[i - 1]->nframes; j > 0; j--) {
			const struct symframe *frame = &sample->places[i - 1]->frames[j - 1];

			path.names[path.n++] = number_of(flame, frame->func, frame->file);
		}
	return path;
}

static int by_names(const void *left, const void *right)
{
	const struct path *a = left, *b = right;

	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (a->names[i] != b->names[i])
			return a->names[i] < b->names[i] ? -1 : 1;
	return (a->n > b->n) - (a->n < b->n);
}

/* The end of the paths that are the same down to `depth` as the first; they are sorted. */
static size_t group_end(const struct flame *flame, size_t first, size_t end, size_t depth)
{
	size_t at = first + 1;

	while (at < end && flame->paths[at].names[depth] == flame->paths[first].names[depth])
		at++;
	return at;
}

/* The node of the paths from first to end, which share names up to `depth`, and all below. */
static void put_node(struct flame *flame, uint32_t name, size_t first, size_t end, size_t depth)
{
	double value = 0;
	size_t below = first, children = 0;

	for (size_t i = first; i < end; i++)
		value += flame->paths[i].value;
	while (below < end && flame->paths[below].n == depth) /* these come first */
		below++;
	for (size_t i = below; i < end; i = group_end(flame, i, end, depth))
		children++;
	buf_printf(flame->out, "%s%u,%.0f,%zu", flame->between, name, value, children);
	flame->between = ",";
	for (size_t i = below, next; i < end; i = next) {
		next = group_end(flame, i, end, depth);
		put_node(flame, flame->paths[i].names[depth], i, next, depth + 1);
	}
}

/* A string of JavaScript that can stand in a script element. */
static void put_script_string(struct buf *out, const char *text)
{
	buf_u8(out, '"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at < ' ' || *at == '<' || *at == '>' || *at == '&')
			buf_printf(out, "\\u%04x", *at);
		else if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else
			buf_u8(out, *at);
	}
	buf_u8(out, '"');
}

static void put_html(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '&')
			buf_printf(out, *text == '<' ? "&lt;" : "&amp;");
		else
			buf_u8(out, (uint8_t)*text);
	}
}

static void put_data(struct flame *flame, const struct profile *profile)
{
	struct buf *out = flame->out;
	uint32_t all = number_of(flame, "all", "");
	size_t type = profile->ntypes - 1;

	flame->paths = mem_zalloc((profile->nsamples + 1) * sizeof(*flame->paths));
	for (; flame->npaths < profile->nsamples; flame->npaths++) {
		const struct profile_sample *sample = profile->samples[flame->npaths];

		flame->paths[flame->npaths] = path_of(flame, sample, sample->values[type]);
	}
	if (flame->npaths)
		qsort(flame->paths, flame->npaths, sizeof(*flame->paths), by_names);
	buf_printf(out, "{\"unit\": ");
	put_script_string(out, profile->types[type].unit);
	buf_printf(out, ", \"names\": [");
	for (size_t i = 0; i < flame->names.n; i++) {
		buf_printf(out, "%s[", i ? "," : "");
		put_script_string(out, flame->by_number[i]->name);
		buf_u8(out, ',');
		put_script_string(out, flame->by_number[i]->file);
		buf_u8(out, ']');
	}
	buf_printf(out, "], \"nodes\": [");
	put_node(flame, all, 0, flame->npaths, 0);
	buf_printf(out, "]}");
}

void profile_put_flame(struct buf *out, const struct profile *profile)
{
	struct flame flame = {
		.out = out,
		.names = { .hash = hash_named, .equal = same_named },
		.between = "",
	};
	const char *at = flame_page, *mark;

	for (; (mark = strstr(at, "{{")); at = strstr(mark, "}}") + 2) {
		buf_put(out, at, (size_t)(mark - at));
		if (mark[2] == 't')
			put_html(out, profile->title);
		else
			put_data(&flame, profile);
	}
	buf_put(out, at, strlen(at));
	for (size_t i = 0; i < flame.npaths; i++)
		free(flame.paths[i].names);
	set_clear(&flame.names, free_named);
	free(flame.by_number);
	free(flame.paths);
}
