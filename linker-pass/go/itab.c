/* SPDX-License-Identifier: MIT */
/* Finds itabs by the method in their first slot. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/itab.h"
#include "go/parts.h"

#define FUN_OFF 24
#define DYNAMIC_RELR 36 /* DT_RELR, which older elf.h lack */

struct search {
	const struct gobin *gobin;
	const uint64_t *methods;
	size_t nmethods;
	uint64_t first, last; /* the lowest and the highest of them */
	uint64_t *itabs;
	size_t count, max;
};

static bool is_method(const struct search *search, uint64_t word)
{
	if (word - search->first > search->last - search->first)
		return false;
	for (size_t i = 0; i < search->nmethods; i++)
		if (search->methods[i] == word)
			return true;
	return false;
}

/* The address holds a method's: there may be an itab, if a padded hash stands in front. Symbols
 * that are exported have such an address, too. */
static void found(struct search *search, uint64_t addr)
{
	const struct gobin *gobin = search->gobin;
	const uint8_t *hash = addr < FUN_OFF ? NULL : image_at(gobin->image, addr - 8, 8);

	if (!hash || load32(hash + 4) || (addr >= gobin->text_start && addr < gobin->text_end))
		return;
	for (size_t i = 0; i < search->count; i++)
		if (search->itabs[i] == addr - FUN_OFF)
			return;
	if (search->count < search->max)
		search->itabs[search->count++] = addr - FUN_OFF;
}

/* Where the scan goes on: behind `addr` if that is in Go's text or in the line tables. */
static uint64_t behind(const struct gobin *gobin, uint64_t addr)
{
	const struct pclntab *tab = &gobin->index->tab;

	if (addr >= gobin->text_start && addr < gobin->text_end)
		return gobin->text_end;
	if (addr >= tab->addr && addr < tab->addr + tab->func)
		return tab->addr + tab->func;
	return addr;
}

/* All words of a segment that may be addresses. */
static void scan(struct search *search, const Elf64_Phdr *phdr, uint8_t *block)
{
	const struct gobin *gobin = search->gobin;

	for (uint64_t at = -phdr->p_vaddr & 7; at + 8 <= phdr->p_filesz;) {
		uint64_t len = phdr->p_filesz - at, addr = phdr->p_vaddr + at;
		uint64_t next = behind(gobin, addr);

		if (next != addr) {
			at += (next - addr + 7) & ~7ull;
			continue;
		}
		if (len > IMAGE_BLOCK)
			len = IMAGE_BLOCK;

		struct err *err = image_read(gobin->image, phdr->p_offset + at, block, len);

		if (err) {
			err_free(err);
			return;
		}
		for (uint64_t i = 0; i + 8 <= len; i += 8) {
			uint64_t word;

			memcpy(&word, block + i, 8);
			if (is_method(search, word))
				found(search, addr + i);
		}
		at += len & ~7ull;
	}
}

/* The words that the loader fills in: the file may have zeros there. */
static void scan_relocations(struct search *search, const uint8_t *table, uint64_t size)
{
	Elf64_Rela rela;

	for (uint64_t at = 0; size - at >= sizeof(rela); at += sizeof(rela)) {
		memcpy(&rela, table + at, sizeof(rela));
		if (ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE &&
		    is_method(search, (uint64_t)rela.r_addend))
			found(search, rela.r_offset);
	}
}

/* Whether a position-independent file's table of relocations names every word that is an
 * address; not when a part of them is packed (DT_RELR) and stands in the words. */
static bool scan_dynamic(struct search *search, const Elf64_Phdr *phdr)
{
	const struct image *image = search->gobin->image;
	uint64_t addr = 0, size = 0;
	const uint8_t *table;
	bool packed = false;
	Elf64_Dyn dyn;

	for (uint64_t at = 0; at + sizeof(dyn) <= phdr->p_filesz; at += sizeof(dyn)) {
		const void *bytes = image_bytes(image, phdr->p_offset + at, sizeof(dyn));

		if (!bytes)
			return false;
		memcpy(&dyn, bytes, sizeof(dyn));
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_RELA)
			addr = dyn.d_un.d_ptr;
		if (dyn.d_tag == DT_RELASZ)
			size = dyn.d_un.d_val;
		packed |= dyn.d_tag == DYNAMIC_RELR;
	}
	table = addr ? image_at(image, addr, size) : NULL;
	if (table)
		scan_relocations(search, table, size);
	return table && !packed && image->ehdr.e_type == ET_DYN;
}

size_t itab_find(const struct gobin *gobin, const uint64_t *methods, size_t nmethods,
		 uint64_t *itabs_ret, size_t max)
{
	struct search search = { gobin, methods, nmethods, UINT64_MAX, 0, itabs_ret, 0, max };
	const struct image *image = gobin->image;
	bool all = !nmethods;
	uint8_t *block;

	for (size_t i = 0; i < nmethods; i++) {
		search.first = methods[i] < search.first ? methods[i] : search.first;
		search.last = methods[i] > search.last ? methods[i] : search.last;
	}
	for (size_t i = 0; i < image->phnum && !all; i++)
		if (image->phdrs[i].p_type == PT_DYNAMIC)
			all = scan_dynamic(&search, &image->phdrs[i]);
	block = mem_zalloc(IMAGE_BLOCK);
	for (size_t i = 0; i < image->phnum && !all; i++)
		if (image->phdrs[i].p_type == PT_LOAD)
			scan(&search, &image->phdrs[i], block);
	free(block);
	return search.count;
}
