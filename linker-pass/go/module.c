/* SPDX-License-Identifier: MIT */
/*
 * runtime.firstmoduledata, found by what it points at. Its first words have stood still
 * since Go 1.18 (src/runtime/symtab.go):
 *
 *   0 pcHeader  8 funcnametab  32 cutab  56 filetab  80 pctab  104 pclntable  128 ftab
 *   176 text  184 etext  ...  types: 280 up to 1.19, then 296
 *   gofunc: 304 up to 1.19, 320 up to 1.26, 344 from 1.27
 *
 * In a position-independent file written by an external linker the words may be zero in
 * the file and stand in R_X86_64_RELATIVE relocations instead.
 */
#include <string.h>

#include "go/parts.h"

#define WORDS 44 /* as far as gofunc of Go 1.27 */
#define MODULE_LEN (WORDS * 8)

struct relocs {
	const uint8_t *data; /* Elf64_Rela entries; borrowed */
	uint64_t count;
};

static Elf64_Rela reloc_at(const struct relocs *relocs, uint64_t i)
{
	Elf64_Rela rela;

	memcpy(&rela, relocs->data + i * sizeof(rela), sizeof(rela));
	return rela;
}

static uint64_t dynamic_value(const uint8_t *data, uint64_t len, int64_t tag)
{
	for (uint64_t pos = 0; pos + sizeof(Elf64_Dyn) <= len; pos += sizeof(Elf64_Dyn)) {
		Elf64_Dyn dyn;

		memcpy(&dyn, data + pos, sizeof(dyn));
		if (dyn.d_tag == tag)
			return dyn.d_un.d_val;
		if (dyn.d_tag == DT_NULL)
			break;
	}
	return 0;
}

/* What the dynamic section calls DT_RELA; empty for a statically linked program. */
static struct relocs find_relocs(const struct image *image)
{
	struct relocs relocs = { 0 };

	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type != PT_DYNAMIC)
			continue;
		const uint8_t *dyn = image_bytes(image, phdr->p_offset, phdr->p_filesz);
		uint64_t addr = dynamic_value(dyn, phdr->p_filesz, DT_RELA);
		uint64_t size = dynamic_value(dyn, phdr->p_filesz, DT_RELASZ);

		relocs.data = addr ? image_at(image, addr, size) : NULL;
		relocs.count = relocs.data ? size / sizeof(Elf64_Rela) : 0;
		break;
	}
	return relocs;
}

/* The words at `addr` as they are once the program is loaded at its link address. */
static bool read_words(const struct image *image, const struct relocs *relocs, uint64_t addr,
		       uint64_t words[WORDS])
{
	const void *data = image_at(image, addr, MODULE_LEN);

	if (!data)
		return false;
	memcpy(words, data, MODULE_LEN);
	for (uint64_t i = 0; i < relocs->count; i++) {
		Elf64_Rela rela = reloc_at(relocs, i);
		uint64_t delta = rela.r_offset - addr;

		if (ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE && delta < MODULE_LEN &&
		    delta % 8 == 0)
			words[delta / 8] = (uint64_t)rela.r_addend;
	}
	return true;
}

static bool in_code(const struct image *image, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) && start >= phdr->p_vaddr &&
		    end - phdr->p_vaddr <= phdr->p_filesz)
			return start < end;
	}
	return false;
}

static bool check_module(const struct pclntab *tab, const struct relocs *relocs, unsigned minor,
			 uint64_t addr, struct module *module_ret)
{
	uint64_t words[WORDS];

	if (!read_words(tab->image, relocs, addr, words) || words[0] != tab->addr ||
	    words[1] != tab->addr + tab->funcname || words[4] != tab->addr + tab->cu ||
	    words[10] != tab->addr + tab->pc || words[13] != tab->addr + tab->func ||
	    words[17] != tab->nfunc + 1 || !in_code(tab->image, words[22], words[23]))
		return false;
	module_ret->text = words[22];
	module_ret->etext = words[23];
	module_ret->types = words[(minor < 20 ? 280 : 296) / 8];
	module_ret->gofunc = words[(minor < 20 ? 304 : minor < 27 ? 320 : 344) / 8];
	return true;
}

/* Words in writable data that hold the table's address. */
static bool scan_data(const struct pclntab *tab, const struct relocs *relocs, unsigned minor,
		      struct module *module_ret)
{
	const struct image *image = tab->image;

	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_W))
			continue;
		const uint8_t *data = image_bytes(image, phdr->p_offset, phdr->p_filesz);
		uint64_t pos = (8 - phdr->p_vaddr % 8) % 8;

		for (; pos + MODULE_LEN <= phdr->p_filesz; pos += 8)
			if (load64(data + pos) == tab->addr &&
			    check_module(tab, relocs, minor, phdr->p_vaddr + pos, module_ret))
				return true;
	}
	return false;
}

static bool scan_relocs(const struct pclntab *tab, const struct relocs *relocs, unsigned minor,
			struct module *module_ret)
{
	unsigned tries = 64; /* each costs a pass over the relocations */

	for (uint64_t i = 0; i < relocs->count && tries; i++) {
		Elf64_Rela rela = reloc_at(relocs, i);

		if ((uint64_t)rela.r_addend != tab->addr)
			continue;
		tries--;
		if (check_module(tab, relocs, minor, rela.r_offset, module_ret))
			return true;
	}
	return false;
}

bool module_find(const struct pclntab *tab, unsigned minor, struct module *module_ret)
{
	struct relocs relocs = find_relocs(tab->image);
	const Elf64_Shdr *shdr = image_section(tab->image, ".go.module");

	if (shdr && check_module(tab, &relocs, minor, shdr->sh_addr, module_ret))
		return true;
	return scan_relocs(tab, &relocs, minor, module_ret) ||
	       scan_data(tab, &relocs, minor, module_ret);
}
