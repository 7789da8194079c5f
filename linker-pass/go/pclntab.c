/* SPDX-License-Identifier: MIT */
/* The program counter line table: where it is, and its function records. */
#include <inttypes.h>
#include <string.h>

#include "go/parts.h"

#define MAGIC_118 0xfffffff0u
#define MAGIC_120 0xfffffff1u
#define HEADER_LEN 72
#define PCDATA_INLTREE 2 /* these two: src/internal/abi/symtab.go */
#define FUNCDATA_INLTREE 3
#define FTAB_ENTRY 8 /* two 32-bit words; one more word ends the table */

/* amd64: two bytes of padding, instruction size quantum 1, pointer size 8. */
#define SHAPE 0x08010000u

uint32_t load32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

uint64_t load64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

uint64_t pclntab_offset(const struct pclntab *tab, uint64_t off)
{
	return (uint64_t)(tab->data - tab->image->data) + off;
}

static bool has_magic(const uint8_t *data)
{
	uint32_t magic = load32(data);

	return (magic == MAGIC_118 || magic == MAGIC_120) && load32(data + 4) == SHAPE;
}

static void read_header(struct pclntab *tab)
{
	tab->go120 = load32(tab->data) == MAGIC_120;
	tab->nfunc = load64(tab->data + 8);
	tab->text_start = load64(tab->data + 24);
	tab->funcname = load64(tab->data + 32);
	tab->cu = load64(tab->data + 40);
	tab->file = load64(tab->data + 48);
	tab->pc = load64(tab->data + 56);
	tab->func = load64(tab->data + 64);
}

/* The linker writes the parts in this order (cmd/link/internal/ld/pcln.go). */
static bool parts_ascend(const struct pclntab *tab)
{
	return tab->funcname >= HEADER_LEN && tab->funcname < tab->cu && tab->cu <= tab->file &&
	       tab->file <= tab->pc && tab->pc < tab->func && tab->func < tab->size;
}

static bool count_fits(const struct pclntab *tab)
{
	uint64_t room = (tab->size - tab->func) / FTAB_ENTRY;

	return tab->nfunc && tab->nfunc <= UINT32_MAX / 2 && tab->nfunc < room;
}

static struct err *check_header(const struct pclntab *tab)
{
	const char *path = tab->image->path;

	if (!parts_ascend(tab))
		return err_new("%s: pclntab at file offset 0x%" PRIx64 ": its parts (0x%" PRIx64
			       ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
			       ") do not follow one another within 0x%" PRIx64 " bytes", path,
			       pclntab_offset(tab, 0), tab->funcname, tab->cu, tab->file, tab->pc,
			       tab->func, tab->size);
	if (!count_fits(tab))
		return err_new("%s: pclntab at file offset 0x%" PRIx64 ": no room for %" PRIu64
			       " functions", path, pclntab_offset(tab, 8), tab->nfunc);
	if (tab->data[tab->cu - 1])
		return err_new("%s: pclntab at file offset 0x%" PRIx64 ": function names do not "
			       "end in NUL", path, pclntab_offset(tab, tab->cu - 1));
	return NULL;
}

static struct pclntab tab_over(const struct image *image, const uint8_t *data, uint64_t addr,
			       uint64_t size)
{
	struct pclntab tab = { .image = image, .data = data, .addr = addr, .size = size };

	read_header(&tab);
	return tab;
}

/*
 * Looks in a segment for a header that is right in every respect: for when no section
 * names it. The first one that only begins rightly goes to *near, if that is still empty.
 */
static bool scan_segment(const struct image *image, const Elf64_Phdr *phdr,
			 struct pclntab *tab_ret, struct pclntab *near)
{
	const uint8_t *data = image_bytes(image, phdr->p_offset, phdr->p_filesz);
	uint64_t skip = (8 - phdr->p_vaddr % 8) % 8;

	for (uint64_t pos = skip; pos + HEADER_LEN <= phdr->p_filesz; pos += 8) {
		if (!has_magic(data + pos))
			continue;
		struct pclntab tab = tab_over(image, data + pos, phdr->p_vaddr + pos,
					      phdr->p_filesz - pos);

		if (parts_ascend(&tab) && count_fits(&tab) && !tab.data[tab.cu - 1]) {
			*tab_ret = tab;
			return true;
		}
		if (!near->data)
			*near = tab;
	}
	return false;
}

static const Elf64_Shdr *find_section(const struct image *image)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const Elf64_Shdr *shdr = image_section(image, names[i]);
		const void *data = shdr ? image_section_data(image, shdr) : NULL;

		if (data && shdr->sh_size >= HEADER_LEN &&
		    image_at(image, shdr->sh_addr, shdr->sh_size) == data)
			return shdr;
	}
	return NULL;
}

/* Read-only data first: code may hold the same bytes as a constant. */
static bool scan_image(const struct image *image, struct pclntab *tab_ret, struct pclntab *near)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < image->phnum; i++) {
			const Elf64_Phdr *phdr = &image->phdrs[i];
			bool code = phdr->p_flags & PF_X;

			if (phdr->p_type == PT_LOAD && code == (pass == 1) &&
			    scan_segment(image, phdr, tab_ret, near))
				return true;
		}
	}
	return false;
}

struct err *pclntab_find(const struct image *image, struct pclntab *tab_ret)
{
	const Elf64_Shdr *shdr = find_section(image);
	const uint8_t *data = shdr ? image_section_data(image, shdr) : NULL;
	struct pclntab near = { 0 };

	if (data && has_magic(data)) {
		*tab_ret = tab_over(image, data, shdr->sh_addr, shdr->sh_size);
		return check_header(tab_ret);
	}
	if (scan_image(image, tab_ret, &near))
		return NULL;
	if (data)
		return err_new("%s: pclntab at file offset 0x%" PRIx64 ": header 0x%016" PRIx64
			       " is not one of Go 1.18 to 1.27 on amd64", image->path,
			       shdr->sh_offset, load64(data));
	if (near.data)
		return check_header(&near);
	return err_new("%s: no function table (pclntab) found; the program was packed or "
		       "obfuscated after the link step", image->path);
}

uint32_t pclntab_entry(const struct pclntab *tab, uint64_t i)
{
	return load32(tab->data + tab->func + i * FTAB_ENTRY);
}

static struct err *bad_record(const struct pclntab *tab, uint64_t i, uint64_t off,
			      const char *what)
{
	return err_new("%s: pclntab at file offset 0x%" PRIx64 ": function %" PRIu64 ": %s",
		       tab->image->path, pclntab_offset(tab, off), i, what);
}

struct err *pclntab_record(const struct pclntab *tab, uint64_t i, struct func_record *rec_ret)
{
	uint64_t fixed = tab->go120 ? 44 : 40;
	uint64_t slot = tab->func + i * FTAB_ENTRY + 4;
	uint64_t off = load32(tab->data + slot);
	uint64_t room = tab->size - tab->func;

	if (off > room || room - off < fixed)
		return bad_record(tab, i, slot, "its record lies outside the table");
	off += tab->func;
	const uint8_t *rec = tab->data + off;
	struct func_record found = {
		.entry = load32(rec),
		.name = load32(rec + 4),
		.deferreturn = load32(rec + 12),
		.npcdata = load32(rec + 28),
		.pcfile = load32(rec + 20),
		.pcln = load32(rec + 24),
		.cu = load32(rec + 32),
		.start_line = tab->go120 ? load32(rec + 36) : 0,
		.func_id = rec[fixed - 4],
		.flag = rec[fixed - 3],
		.nfuncdata = rec[fixed - 1],
		.pcdata = rec + fixed,
	};
	uint64_t more = ((uint64_t)found.npcdata + found.nfuncdata) * 4;

	if (found.entry != pclntab_entry(tab, i))
		return bad_record(tab, i, off, "its record is for another address");
	if (found.name >= tab->cu - tab->funcname)
		return bad_record(tab, i, off + 4, "its name lies outside the name table");
	if (more > tab->size - off - fixed)
		return bad_record(tab, i, off + 28, "its record ends outside the table");
	*rec_ret = found;
	return NULL;
}

struct pctab pctab_over(const struct pclntab *tab, uint32_t off, uint64_t size)
{
	uint64_t room = tab->func - tab->pc;
	uint64_t len = off && off < room ? room - off : 0;

	return (struct pctab){
		.cur = cursor_over(tab->data + tab->pc + (len ? off : 0), len),
		.size = size,
		.value = -1,
	};
}

bool pctab_next(struct pctab *table)
{
	uint32_t delta = (uint32_t)cursor_uvarint(&table->cur);
	uint64_t step = cursor_uvarint(&table->cur);

	if (table->cur.bad || (!delta && table->end) || !step || step > table->size - table->end)
		return false;
	table->start = table->end;
	table->end += step;
	table->value = (int32_t)((uint32_t)table->value +
				 (delta & 1 ? ~(delta >> 1) : delta >> 1));
	return true;
}

uint64_t pclntab_inltree(const struct gofunc_index *index, const struct func_record *rec,
			 uint32_t *table_ret)
{
	if (!index->module.gofunc || rec->npcdata <= PCDATA_INLTREE ||
	    rec->nfuncdata <= FUNCDATA_INLTREE)
		return 0;
	uint32_t table = load32(rec->pcdata + PCDATA_INLTREE * 4);
	uint32_t tree = load32(rec->pcdata + ((uint64_t)rec->npcdata + FUNCDATA_INLTREE) * 4);

	if (!table || tree == UINT32_MAX)
		return 0;
	*table_ret = table;
	return index->module.gofunc + tree;
}
