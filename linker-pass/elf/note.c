/* SPDX-License-Identifier: MIT */
/* Records of SHT_NOTE sections. */
#include <inttypes.h>
#include <string.h>

#include "elf/note.h"

enum { HEADER_SIZE = 12, ALIGN = 4 };

static bool owner_is(const uint8_t *name, uint32_t size, const char *owner)
{
	return size == strlen(owner) + 1 && !memcmp(name, owner, size);
}

/* The last note of a section may end without its padding. */
static void skip_padding(struct cursor *cur, size_t align)
{
	size_t pad = (align - (cur->pos & (align - 1))) & (align - 1);

	cur->pos += pad < cur->len - cur->pos ? pad : cur->len - cur->pos;
}

/* Reads one note's header, name and descriptor. */
static struct err *read_note(const struct image *image, const Elf64_Shdr *shdr,
			     struct cursor *cur, struct note *note, const uint8_t **name_ret,
			     uint32_t *namesz_ret)
{
	size_t align = shdr->sh_addralign == 8 ? 8 : ALIGN;

	note->off = shdr->sh_offset + cur->pos;
	uint32_t namesz = cursor_u32(cur), descsz = cursor_u32(cur);

	note->type = cursor_u32(cur);
	*name_ret = cursor_bytes(cur, namesz);
	if (!cur->bad)
		skip_padding(cur, align);
	note->desc = cursor_over(cursor_bytes(cur, descsz), descsz);
	if (!cur->bad)
		skip_padding(cur, align);
	*namesz_ret = namesz;
	if (cur->bad)
		return err_new("%s: %s: note at 0x%" PRIx64 " (name %u, descriptor %u bytes) ends "
			       "beyond its section; the file is damaged", image->path,
			       image_section_name(image, shdr), note->off, namesz, descsz);
	return NULL;
}

struct err *note_each(const struct image *image, const char *section, const char *owner,
		      struct err *(*fn)(const struct image *image, const struct note *note,
					void *arg, bool *stop),
		      void *arg)
{
	bool stop = false;

	for (size_t i = 1; i < image->shnum; i++) {
		const Elf64_Shdr *shdr = &image->shdrs[i];
		struct cursor cur = cursor_over(image_section_data(image, shdr), shdr->sh_size);

		if (shdr->sh_type != SHT_NOTE || strcmp(image_section_name(image, shdr), section))
			continue;
		while (!cursor_done(&cur) && !stop) {
			struct note note;
			const uint8_t *name;
			uint32_t namesz;

			TRY(read_note(image, shdr, &cur, &note, &name, &namesz));
			if (owner_is(name, namesz, owner))
				TRY(fn(image, &note, arg, &stop));
		}
	}
	return NULL;
}

size_t note_begin(struct buf *out, const char *owner, uint32_t type)
{
	size_t begin;

	buf_align(out, ALIGN, 0);
	begin = out->len;
	buf_u32(out, (uint32_t)strlen(owner) + 1);
	buf_u32(out, 0);
	buf_u32(out, type);
	buf_str(out, owner);
	buf_align(out, ALIGN, 0);
	return begin;
}

void note_end(struct buf *out, size_t begin)
{
	uint32_t namesz = out->data[begin]; /* owners of this program are short */
	size_t desc = begin + HEADER_SIZE + ((namesz + ALIGN - 1) & ~(size_t)(ALIGN - 1));
	uint32_t descsz = (uint32_t)(out->len - desc);

	for (size_t i = 0; i < sizeof(descsz); i++)
		out->data[begin + 4 + i] = (uint8_t)(descsz >> (8 * i));
	buf_align(out, ALIGN, 0);
}
