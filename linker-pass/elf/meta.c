/* SPDX-License-Identifier: MIT */
/* The .note.goprobes section: encoder and decoder of each record side by side. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elf/meta.h"
#include "elf/note.h"

enum {
	MAX_ARGS = sizeof(((struct meta_probe *)0)->args) / sizeof(struct meta_arg),
	RANGE_SIZE = 12,
};

const char *tactic_name(enum tactic tactic)
{
	static const char *const names[] = {
		[TACTIC_INLINE] = "inline",
		[TACTIC_DETOUR] = "detour",
		[TACTIC_NOTE] = "note",
		[TACTIC_NOTE_STEP] = "note-step",
	};

	return (unsigned)tactic < sizeof(names) / sizeof(names[0]) ? names[tactic] : "unknown";
}

/* What a record's reader needs: the result so far and the room in its arrays. */
struct reader {
	const struct image *image;
	struct meta *meta;
	size_t probes_cap, sites_cap, refused_cap, enums_cap, uses_cap, undo_cap, ids_cap;
	bool strict;
	const char *problem; /* set by a record's reader when more than its length is wrong */
};

void meta_put_header(struct buf *out, const struct meta *meta)
{
	size_t begin = note_begin(out, META_OWNER, META_HEADER);

	buf_u32(out, meta->contract);
	buf_u32(out, 0);
	buf_str(out, meta->tool_version);
	buf_str(out, meta->go_version);
	buf_str(out, meta->options);
	note_end(out, begin);
}

static void read_header(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;

	meta->contract = cursor_u32(cur);
	cursor_u32(cur); /* flags: none are defined in contract 1 */
	meta->tool_version = cursor_str(cur);
	meta->go_version = cursor_str(cur);
	meta->options = cursor_str(cur);
	if (reader->strict && meta->contract > META_CONTRACT)
		reader->problem = "written by a newer version of probes; use that one";
}

void meta_put_probe(struct buf *out, const struct meta_probe *probe)
{
	size_t begin = note_begin(out, META_OWNER, META_PROBE);

	buf_str(out, probe->provider);
	buf_str(out, probe->name);
	buf_u8(out, probe->at);
	buf_u8(out, probe->nargs);
	for (int i = 0; i < probe->nargs; i++) {
		buf_str(out, probe->args[i].name);
		buf_str(out, probe->args[i].type);
		buf_str(out, probe->args[i].of);
	}
	note_end(out, begin);
}

static void read_probe(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;
	struct meta_probe probe = { 0 };

	probe.provider = cursor_str(cur);
	probe.name = cursor_str(cur);
	probe.at = cursor_u8(cur);
	probe.nargs = cursor_u8(cur);
	if (probe.nargs > MAX_ARGS) {
		reader->problem = "a probe has more than 12 arguments";
		return;
	}
	for (int i = 0; i < probe.nargs; i++) {
		probe.args[i].name = cursor_str(cur);
		probe.args[i].type = cursor_str(cur);
		probe.args[i].of = cursor_str(cur);
	}
	mem_grow(&meta->probes, meta->nprobes, &reader->probes_cap, sizeof(probe));
	meta->probes[meta->nprobes++] = probe;
}

void meta_put_site(struct buf *out, const struct meta_site *site)
{
	size_t begin = note_begin(out, META_OWNER, META_SITE);

	buf_u64(out, site->pc);
	buf_u64(out, site->func_addr);
	buf_u8(out, site->tactic);
	buf_str(out, site->provider);
	buf_str(out, site->name);
	buf_str(out, site->func);
	note_end(out, begin);
}

static void read_site(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;
	struct meta_site site;

	site.pc = cursor_u64(cur);
	site.func_addr = cursor_u64(cur);
	site.tactic = cursor_u8(cur);
	site.provider = cursor_str(cur);
	site.name = cursor_str(cur);
	site.func = cursor_str(cur);
	mem_grow(&meta->sites, meta->nsites, &reader->sites_cap, sizeof(site));
	meta->sites[meta->nsites++] = site;
}

void meta_put_refused(struct buf *out, const struct meta_refused *refused)
{
	size_t begin = note_begin(out, META_OWNER, META_REFUSED);

	buf_u8(out, refused->refusal);
	buf_str(out, refused->provider);
	buf_str(out, refused->name);
	buf_str(out, refused->func);
	buf_str(out, refused->detail);
	note_end(out, begin);
}

static void read_refused(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;
	struct meta_refused refused = { .refusal = cursor_u8(cur) };

	refused.provider = cursor_str(cur);
	refused.name = cursor_str(cur);
	refused.func = cursor_str(cur);
	refused.detail = cursor_str(cur);
	mem_grow(&meta->refused, meta->nrefused, &reader->refused_cap, sizeof(refused));
	meta->refused[meta->nrefused++] = refused;
}

void meta_put_enum(struct buf *out, const struct meta_enum *numbers,
		   const struct meta_enum_use *uses, size_t nuses)
{
	size_t begin = note_begin(out, META_OWNER, META_ENUM);

	buf_str(out, numbers->name);
	buf_u32(out, (uint32_t)numbers->nvalues);
	for (size_t i = 0; i < numbers->nvalues; i++) {
		buf_u32(out, numbers->values[i].value);
		buf_str(out, numbers->values[i].name);
	}
	buf_u32(out, (uint32_t)nuses);
	for (size_t i = 0; i < nuses; i++) {
		buf_str(out, uses[i].provider);
		buf_str(out, uses[i].probe);
		buf_u8(out, uses[i].arg);
	}
	note_end(out, begin);
}

static void read_enum(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;
	struct meta_enum *numbers;
	size_t cap = 0;

	mem_grow(&meta->enums, meta->nenums, &reader->enums_cap, sizeof(*meta->enums));
	numbers = &meta->enums[meta->nenums++];
	*numbers = (struct meta_enum){ .name = cursor_str(cur) };
	for (uint32_t left = cursor_u32(cur); left && !cur->bad; left--) {
		mem_grow(&numbers->values, numbers->nvalues, &cap, sizeof(*numbers->values));
		struct meta_enum_value *value = &numbers->values[numbers->nvalues++];

		value->value = cursor_u32(cur);
		value->name = cursor_str(cur);
	}
	for (uint32_t left = cursor_u32(cur); left && !cur->bad; left--) {
		struct meta_enum_use use = { .numbers = meta->nenums - 1 };

		use.provider = cursor_str(cur);
		use.probe = cursor_str(cur);
		use.arg = cursor_u8(cur);
		mem_grow(&meta->enum_uses, meta->nenum_uses, &reader->uses_cap, sizeof(use));
		meta->enum_uses[meta->nenum_uses++] = use;
	}
}

static int by_argument(const void *left, const void *right)
{
	const struct meta_enum_use *a = left, *b = right;
	int order = strcmp(a->provider, b->provider);

	if (!order)
		order = strcmp(a->probe, b->probe);
	return order ? order : a->arg - b->arg;
}

const struct meta_enum *meta_find_enum(const struct meta *meta, const struct meta_probe *probe,
				       int arg)
{
	struct meta_enum_use key = { probe->provider, probe->name, (uint8_t)arg, 0 };
	const struct meta_enum_use *use = NULL;

	if (meta->nenum_uses)
		use = bsearch(&key, meta->enum_uses, meta->nenum_uses, sizeof(key), by_argument);
	return use ? &meta->enums[use->numbers] : NULL;
}

void meta_put_undo(struct buf *out, const struct meta *meta, size_t *sums_at_ret)
{
	size_t begin = note_begin(out, META_OWNER, META_UNDO);

	buf_u64(out, meta->original_size);
	*sums_at_ret = out->len;
	buf_u32(out, meta->original_crc);
	buf_u32(out, meta->seal);
	buf_u32(out, (uint32_t)meta->nundo);
	for (size_t i = 0; i < meta->nundo; i++) {
		buf_u64(out, meta->undo[i].off);
		buf_u32(out, meta->undo[i].len);
		buf_put(out, meta->undo[i].bytes, meta->undo[i].len);
	}
	note_end(out, begin);
}

static void read_undo(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;

	if (meta->has_undo) {
		reader->problem = "a second undo record";
		return;
	}
	meta->has_undo = true;
	meta->original_size = cursor_u64(cur);
	meta->sums_off = (uint64_t)(cur->data + cur->pos - reader->image->data);
	meta->original_crc = cursor_u32(cur);
	meta->seal = cursor_u32(cur);
	for (uint32_t left = cursor_u32(cur); left && !cur->bad; left--) {
		struct meta_undo_piece piece;

		piece.off = cursor_u64(cur);
		piece.len = cursor_u32(cur);
		piece.bytes = cursor_bytes(cur, piece.len);
		if (piece.off > meta->original_size || piece.len > meta->original_size - piece.off)
			reader->problem = "undo bytes beyond the original file's size";
		mem_grow(&meta->undo, meta->nundo, &reader->undo_cap, sizeof(piece));
		meta->undo[meta->nundo++] = piece;
	}
}

void meta_put_buildids(struct buf *out, size_t n, size_t *ranges_at_ret)
{
	size_t begin = note_begin(out, META_OWNER, META_BUILDID);

	buf_u32(out, (uint32_t)n);
	*ranges_at_ret = out->len;
	buf_fill(out, 0, n * RANGE_SIZE);
	note_end(out, begin);
}

void meta_set_buildids(uint8_t *at, const struct meta_range *ranges, size_t n)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++) {
		buf_u64(&out, ranges[i].off);
		buf_u32(&out, ranges[i].len);
	}
	if (n)
		memcpy(at, out.data, n * RANGE_SIZE);
	buf_free(&out);
}

static void read_buildids(struct reader *reader, struct cursor *cur)
{
	struct meta *meta = reader->meta;
	uint64_t size = reader->image->size, end = 0;

	for (uint32_t left = cursor_u32(cur); left && !cur->bad; left--) {
		struct meta_range range = { .off = cursor_u64(cur) };

		range.len = cursor_u32(cur);
		if (cur->bad)
			return;
		if (meta->nbuildids) {
			const struct meta_range *last = &meta->buildids[meta->nbuildids - 1];

			end = last->off + last->len;
		}
		if (!range.len || range.len > META_RANGE_MAX || range.off < end ||
		    range.off > size || range.len > size - range.off) {
			reader->problem = "build ids out of order or beyond the file";
			return;
		}
		mem_grow(&meta->buildids, meta->nbuildids, &reader->ids_cap, sizeof(range));
		meta->buildids[meta->nbuildids++] = range;
	}
}

static struct err *read_record(const struct image *image, const struct note *note, void *arg,
			       bool *stop)
{
	static void (*const readers[])(struct reader *, struct cursor *) = {
		[META_HEADER] = read_header, [META_PROBE] = read_probe, [META_SITE] = read_site,
		[META_REFUSED] = read_refused, [META_UNDO] = read_undo,
		[META_ENUM] = read_enum, [META_BUILDID] = read_buildids,
	};
	struct reader *reader = arg;
	struct cursor cur = note->desc;

	(void)stop;
	if (note->type >= sizeof(readers) / sizeof(readers[0]) || !readers[note->type])
		return NULL;
	readers[note->type](reader, &cur);
	if (cur.bad && !reader->problem)
		reader->problem = "the record ends within a field; the file is damaged";
	if (reader->problem)
		return err_new("%s: " META_SECTION ": record at 0x%" PRIx64 " (type %u): %s",
			       image->path, note->off, note->type, reader->problem);
	return NULL;
}

struct err *meta_read(const struct image *image, bool strict, struct meta **meta_ret)
{
	struct reader reader = { .image = image, .strict = strict };

	if (!image_section(image, META_SECTION)) {
		*meta_ret = NULL;
		return NULL;
	}
	reader.meta = mem_zalloc(sizeof(*reader.meta));
	reader.meta->tool_version = reader.meta->go_version = reader.meta->options = "";
	struct err *err = note_each(image, META_SECTION, META_OWNER, read_record, &reader);

	if (err) {
		meta_free(reader.meta);
		return err;
	}
	if (reader.meta->nenum_uses)
		qsort(reader.meta->enum_uses, reader.meta->nenum_uses,
		      sizeof(*reader.meta->enum_uses), by_argument);
	*meta_ret = reader.meta;
	return NULL;
}

void meta_free(struct meta *meta)
{
	if (!meta)
		return;
	free(meta->probes);
	free(meta->sites);
	free(meta->refused);
	for (size_t i = 0; i < meta->nenums; i++)
		free(meta->enums[i].values);
	free(meta->enums);
	free(meta->enum_uses);
	free(meta->undo);
	free(meta->buildids);
	free(meta);
}
