/* SPDX-License-Identifier: MIT */
/* Finds itabs by the method in their first slot. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/itab.h"

#define FUN_OFF 24

struct search {
	const struct gobin *gobin;
	const uint64_t *methods;
	size_t nmethods;
	uint64_t *itabs;
	size_t count, max;
};

static bool is_method(const struct search *search, uint64_t word)
{
	for (size_t i = 0; i < search->nmethods; i++)
		if (search->methods[i] == word)
			return true;
	return false;
}

/* The address holds a method's: there may be an itab. */
static void found(struct search *search, uint64_t addr)
{
	const struct gobin *gobin = search->gobin;

	if (addr < FUN_OFF || (addr >= gobin->text_start && addr < gobin->text_end))
		return;
	for (size_t i = 0; i < search->count; i++)
		if (search->itabs[i] == addr - FUN_OFF)
			return;
	if (search->count < search->max)
		search->itabs[search->count++] = addr - FUN_OFF;
}

/* All words of a segment but those of Go's text. */
static void scan(struct search *search, const Elf64_Phdr *phdr, uint8_t *block)
{
	const struct gobin *gobin = search->gobin;

	for (uint64_t at = -phdr->p_vaddr & 7; at + 8 <= phdr->p_filesz;) {
		uint64_t len = phdr->p_filesz - at, addr = phdr->p_vaddr + at;

		if (addr >= gobin->text_start && addr < gobin->text_end) {
			at += (gobin->text_end - addr + 7) & ~7ull;
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
			if (word && is_method(search, word))
				found(search, addr + i);
		}
		at += len & ~7ull;
	}
}

/* The words that the loader fills in: a position-independent file may have zeros there. */
static void scan_relocations(struct search *search, uint64_t addr, uint64_t size)
{
	const struct image *image = search->gobin->image;
	Elf64_Rela rela;

	for (uint64_t at = 0; at < size && size - at >= sizeof(rela); at += sizeof(rela)) {
		const void *bytes = image_at(image, addr + at, sizeof(rela));

		if (!bytes)
			return;
		memcpy(&rela, bytes, sizeof(rela));
		if (ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE &&
		    is_method(search, (uint64_t)rela.r_addend))
			found(search, rela.r_offset);
	}
}

static void scan_dynamic(struct search *search, const Elf64_Phdr *phdr)
{
	uint64_t addr = 0, size = 0;
	Elf64_Dyn dyn;

	for (uint64_t at = 0; at + sizeof(dyn) <= phdr->p_filesz; at += sizeof(dyn)) {
		const void *bytes = image_bytes(search->gobin->image, phdr->p_offset + at,
						sizeof(dyn));

		if (!bytes)
			return;
		memcpy(&dyn, bytes, sizeof(dyn));
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_RELA)
			addr = dyn.d_un.d_ptr;
		if (dyn.d_tag == DT_RELASZ)
			size = dyn.d_un.d_val;
	}
	if (addr)
		scan_relocations(search, addr, size);
}

size_t itab_find(const struct gobin *gobin, const uint64_t *methods, size_t nmethods,
		 uint64_t *itabs_ret, size_t max)
{
	struct search search = { gobin, methods, nmethods, itabs_ret, 0, max };
	uint8_t *block;

	if (!nmethods)
		return 0;
	block = mem_zalloc(IMAGE_BLOCK);
	for (size_t i = 0; i < gobin->image->phnum; i++) {
		const Elf64_Phdr *phdr = &gobin->image->phdrs[i];

		if (phdr->p_type == PT_LOAD)
			scan(&search, phdr, block);
		else if (phdr->p_type == PT_DYNAMIC)
			scan_dynamic(&search, phdr);
	}
	free(block);
	return search.count;
}
