/* SPDX-License-Identifier: MIT */
/* Lays out the rewritten file: segment, notes, headers. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/buildid.h"
#include "patch/output.h"
#include "patch/records.h"
#include "patch/sections.h"

#define PAGE 4096

/* What the steps below build on, until it becomes a struct output. */
struct layout {
	const struct image *image;
	const struct plan *plan;
	struct placement place;
	struct tramps *tramps;
	struct output *out;
	bool segment; /* something is detoured */
	bool inplace; /* something is not */
	const char *build_id;  /* or NULL */
	size_t ncopied;        /* build ids of the original that the tail has copies of */
	size_t buildids_at;    /* in the tail */
};

/*
 * The address that .stapsdt.base names: in the new segment, or behind the text where there are
 * sites: there no other section is, which strip and objcopy would have to move.
 */
static uint64_t base_address(const struct layout *lay, const struct gobin *gobin)
{
	uint64_t rest;

	if (!lay->inplace)
		return lay->place.seg_vaddr;
	return image_rest(lay->image, gobin->text_start, &rest) ? gobin->text_start + rest :
								  gobin->text_start;
}

/* Puts the ranges that make way for the program header behind the trampolines. */
static void put_moved(struct layout *lay)
{
	struct buf *text = &lay->tramps->text;

	for (size_t i = 0; i < lay->place.nmoved; i++) {
		struct moved_range *range = &lay->place.moved[i];

		buf_align(text, 16, 0);
		range->new_off = text->len;
		buf_put(text, image_bytes(lay->image, range->old_off, range->len), range->len);
	}
}

static const struct moved_range *moved_to(const struct placement *place, uint64_t off,
					  uint64_t len)
{
	for (size_t i = 0; i < place->nmoved; i++) {
		const struct moved_range *range = &place->moved[i];

		if (len && off >= range->old_off && off + len <= range->old_off + range->len)
			return range;
	}
	return NULL;
}

static void add_edit(struct output *out, uint64_t off, const void *bytes, size_t len)
{
	out->edits[out->nedits++] = (struct edit){ off, (uint32_t)len, mem_dup(bytes, len) };
}

static Elf64_Phdr moved_phdr(const struct layout *lay, Elf64_Phdr phdr)
{
	const struct moved_range *range;

	if (phdr.p_type == PT_PHDR) {
		phdr.p_filesz += sizeof(phdr);
		phdr.p_memsz += sizeof(phdr);
	}
	range = phdr.p_type == PT_LOAD || phdr.p_type == PT_PHDR ?
			NULL :
			moved_to(&lay->place, phdr.p_offset, phdr.p_filesz);
	if (range) {
		uint64_t into = phdr.p_offset - range->old_off + range->new_off;

		phdr.p_offset = lay->place.seg_off + into;
		phdr.p_vaddr = lay->place.seg_vaddr + into;
		phdr.p_paddr = phdr.p_vaddr;
	}
	return phdr;
}

/* The program header table with the new segment as its last entry. */
static void edit_phdrs(struct layout *lay)
{
	const struct image *image = lay->image;
	struct buf table = { 0 };
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = lay->place.seg_off,
		.p_vaddr = lay->place.seg_vaddr,
		.p_paddr = lay->place.seg_vaddr,
		.p_filesz = lay->tramps->text.len,
		.p_memsz = lay->tramps->text.len,
		.p_align = PAGE,
	};

	for (size_t i = 0; i < image->phnum; i++) {
		Elf64_Phdr phdr = moved_phdr(lay, image->phdrs[i]);

		buf_put(&table, &phdr, sizeof(phdr));
	}
	buf_put(&table, &segment, sizeof(segment));
	add_edit(lay->out, image->ehdr.e_phoff, table.data, table.len);
	buf_free(&table);
}

/* The ELF header takes its place among the edits first and its new values last. */
static void set_ehdr(const struct layout *lay, const struct section_table *table)
{
	Elf64_Ehdr ehdr = lay->image->ehdr;

	ehdr.e_shoff = table->shoff;
	ehdr.e_shentsize = sizeof(Elf64_Shdr);
	ehdr.e_shnum = (Elf64_Half)table->shnum;
	ehdr.e_shstrndx = (Elf64_Half)table->shstrndx;
	if (lay->segment)
		ehdr.e_phnum++;
	memcpy(lay->out->edits[0].bytes, &ehdr, sizeof(ehdr));
}

static int by_offset(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

static void put_edits(struct layout *lay)
{
	struct output *out = lay->out;

	add_edit(out, 0, &lay->image->ehdr, sizeof(lay->image->ehdr));
	if (lay->segment)
		edit_phdrs(lay);
	for (size_t i = 0; i < lay->tramps->ndetours; i++)
		add_edit(out, lay->tramps->edits[i].off, lay->tramps->edits[i].bytes,
			 lay->tramps->edits[i].len);
	qsort(out->edits, out->nedits, sizeof(*out->edits), by_offset);
}

/*
 * The go command finishes build ids in the file as it finds them, whole: one that an edit
 * would cut is taken into the undo record, where it is whole.
 */
static struct err *keep_id_whole(const struct layout *lay, struct edit *edit, uint64_t begin,
				 uint64_t end)
{
	uint64_t stop = edit->off + edit->len;

	if (stop <= begin || edit->off >= end || (edit->off <= begin && stop >= end))
		return NULL;

	const uint8_t *rest = image_bytes(lay->image, stop, end - stop);

	if (edit->off > begin || !rest)
		return err_new("%s: at 0x%llx: a Go build id where a site is made",
			       lay->image->path, (unsigned long long)begin);
	edit->bytes = mem_realloc(edit->bytes, end - edit->off);
	memcpy(edit->bytes + edit->len, rest, end - stop);
	edit->len = (uint32_t)(end - edit->off);
	return NULL;
}

/* Finds the build ids of the original, and counts their copies that the tail will have. */
static struct err *find_buildids(struct layout *lay)
{
	struct output *out = lay->out;

	if (!lay->build_id)
		return NULL;
	TRY(buildid_find_in(lay->image, lay->build_id, &out->buildids, &out->nbuildids));
	for (size_t i = 0; i < out->nbuildids; i++) {
		uint64_t end = out->buildids[i].off + out->buildids[i].len;
		uint64_t begin = end - strlen(lay->build_id);

		for (size_t j = 0; j < out->nedits; j++) {
			struct edit *edit = &out->edits[j];

			TRY(keep_id_whole(lay, edit, begin, end));
			lay->ncopied += edit->off <= begin && edit->off + edit->len >= end;
		}
		for (size_t j = 0; j < lay->place.nmoved; j++) {
			const struct moved_range *range = &lay->place.moved[j];

			lay->ncopied += range->old_off <= begin &&
					range->old_off + range->len >= end;
		}
	}
	return NULL;
}

/* Fills in META_BUILDID once the whole tail is there. */
static struct err *set_buildids(struct layout *lay)
{
	struct output *out = lay->out;
	size_t expected = out->nbuildids + lay->ncopied;

	if (!out->nbuildids)
		return NULL;
	buildid_find(lay->build_id, out->tail.data, out->tail.len, out->original_size,
		     &out->buildids, &out->nbuildids);
	if (out->nbuildids != expected)
		return err_new("%s: internal error, the file is unchanged: %zu Go build ids "
			       "instead of %zu", lay->image->path, out->nbuildids, expected);
	meta_set_buildids(out->tail.data + lay->buildids_at, out->buildids, expected);
	return NULL;
}

static void move_sections(const struct layout *lay, struct section_table *table)
{
	for (size_t i = 1; i < lay->image->shnum; i++) {
		Elf64_Shdr *shdr = &table->shdrs[i];
		const struct moved_range *range =
			moved_to(&lay->place, shdr->sh_offset, shdr->sh_size);

		if (!range || shdr->sh_type == SHT_NOBITS)
			continue;

		uint64_t into = shdr->sh_offset - range->old_off + range->new_off;

		shdr->sh_offset = lay->place.seg_off + into;
		shdr->sh_addr = lay->place.seg_vaddr + into;
	}
}

/* The alloc sections: the base byte and the trampolines. */
static size_t add_text_sections(const struct layout *lay, uint64_t base,
				struct section_table *table)
{
	Elf64_Shdr shdr = {
		.sh_type = lay->inplace ? SHT_NOBITS : SHT_PROGBITS,
		.sh_flags = SHF_ALLOC,
		.sh_addr = base,
		.sh_offset = lay->place.seg_off,
		.sh_size = 1,
		.sh_addralign = 1,
	};

	/* perf looks at the offset, also of a section without bytes. */
	if (lay->inplace && image_offset(lay->image, base - 1, &shdr.sh_offset))
		shdr.sh_offset++;
	sections_add(table, ".stapsdt.base", &shdr);
	if (!lay->segment)
		return 0;

	uint64_t first = 16, len = lay->tramps->text.len;

	for (size_t i = 0; i < lay->place.nmoved; i++)
		if (lay->place.moved[i].new_off < len)
			len = lay->place.moved[i].new_off;
	shdr.sh_type = SHT_PROGBITS;
	shdr.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	shdr.sh_addr = lay->place.seg_vaddr + first;
	shdr.sh_offset = lay->place.seg_off + first;
	shdr.sh_size = len - first;
	shdr.sh_addralign = 16;
	return sections_add(table, OUTPUT_TEXT_SECTION, &shdr);
}

static void add_note_section(struct layout *lay, struct section_table *table, const char *name,
			     const struct buf *notes)
{
	struct buf *tail = &lay->out->tail;
	Elf64_Shdr shdr = {
		.sh_type = SHT_NOTE,
		.sh_size = notes->len,
		.sh_addralign = 4,
	};

	align_tail(tail, lay->out->original_size, 4);
	shdr.sh_offset = lay->out->original_size + tail->len;
	buf_put(tail, notes->data, notes->len);
	sections_add(table, name, &shdr);
}

static void put_records(struct layout *lay, struct section_table *table,
			const struct gobin *gobin, const char *options)
{
	struct buf meta = { 0 }, notes = { 0 };
	size_t sums_at, buildids_at = 0;

	records_put_meta(&meta, lay->image, gobin, lay->plan, lay->out->edits, lay->out->nedits,
			 options, &sums_at);
	if (lay->out->nbuildids)
		meta_put_buildids(&meta, lay->out->nbuildids + lay->ncopied, &buildids_at);
	lay->out->nnotes = records_put_notes(&notes, lay->plan, base_address(lay, gobin));
	add_note_section(lay, table, META_SECTION, &meta);
	lay->out->sums_at = lay->out->tail.len - meta.len + sums_at;
	lay->buildids_at = lay->out->tail.len - meta.len + buildids_at;
	add_note_section(lay, table, ".note.stapsdt", &notes);
	buf_free(&meta);
	buf_free(&notes);
}

static void put_segment(struct layout *lay)
{
	struct buf *tail = &lay->out->tail;

	if (!lay->segment)
		return;
	put_moved(lay);
	buf_fill(tail, 0, lay->place.seg_off - lay->out->original_size);
	buf_put(tail, lay->tramps->text.data, lay->tramps->text.len);
	lay->out->added = lay->tramps->text.len;
}

static struct err *build(struct layout *lay, const struct gobin *gobin, const char *options)
{
	struct output *out = lay->out;
	struct section_table table;

	put_segment(lay);
	put_edits(lay);
	TRY(find_buildids(lay));
	sections_start(&table, lay->image);
	move_sections(lay, &table);

	size_t text_index = add_text_sections(lay, base_address(lay, gobin), &table);

	put_records(lay, &table, gobin, options);
	sections_add_symbols(&table, lay->image, lay->tramps, text_index, out->original_size,
			     &out->tail);

	struct err *err = sections_finish(&table, lay->image, out->original_size, &out->tail);

	if (!err)
		err = set_buildids(lay);
	if (!err)
		set_ehdr(lay, &table);
	sections_free(&table);
	return err;
}

struct err *output_build(const struct image *image, const struct gobin *gobin,
			 struct plan *plan, const char *options, const char *build_id,
			 struct output **output_ret)
{
	struct layout lay = { .image = image, .plan = plan, .build_id = build_id,
			      .segment = plan_uses(plan, TACTIC_DETOUR) };
	struct err *err = NULL;

	lay.inplace = !lay.segment || plan_uses(plan, TACTIC_INLINE);
	if (lay.segment)
		err = place_find(image, lay.inplace ? gobin->text_start : 0, &lay.place);
	if (!err)
		err = tramp_build(image, plan, lay.place.seg_vaddr, &lay.tramps);
	if (err)
		return err;
	lay.out = mem_zalloc(sizeof(*lay.out));
	lay.out->original_size = image->size;
	lay.out->edits = mem_zalloc((lay.tramps->ndetours + 2) * sizeof(struct edit));
	err = build(&lay, gobin, options);
	tramp_free(lay.tramps);
	if (err) {
		output_free(lay.out);
		return err;
	}
	*output_ret = lay.out;
	return NULL;
}

void output_free(struct output *output)
{
	if (!output)
		return;
	for (size_t i = 0; i < output->nedits; i++)
		free(output->edits[i].bytes);
	free(output->edits);
	free(output->buildids);
	buf_free(&output->tail);
	free(output);
}
