/* SPDX-License-Identifier: MIT */
/* Builds the output's section header table, string tables and symbols. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/sections.h"

void sections_start(struct section_table *table, const struct image *image)
{
	Elf64_Shdr none = { 0 };

	*table = (struct section_table){ .cap = image->shnum + 16 };
	table->shdrs = mem_zalloc(table->cap * sizeof(none));
	table->shnum = image->shnum ? image->shnum : 1;
	if (image->shnum)
		memcpy(table->shdrs, image->shdrs, image->shnum * sizeof(none));
	table->shstrndx = image->ehdr.e_shstrndx;
	if (image->shnum && image->shstrtab && table->shstrndx < image->shnum) {
		buf_put(&table->names, image->shstrtab, image->shstrtab_size);
	} else {
		buf_u8(&table->names, 0);
		table->shstrndx = 0;
	}
}

void sections_free(struct section_table *table)
{
	free(table->shdrs);
	buf_free(&table->names);
}

size_t sections_add(struct section_table *table, const char *name, const Elf64_Shdr *shdr)
{
	mem_grow(&table->shdrs, table->shnum, &table->cap, sizeof(*shdr));
	table->shdrs[table->shnum] = *shdr;
	table->shdrs[table->shnum].sh_name = (Elf64_Word)table->names.len;
	buf_str(&table->names, name);
	return table->shnum++;
}

void align_tail(struct buf *tail, uint64_t tail_off, size_t align)
{
	while ((tail_off + tail->len) % align)
		buf_u8(tail, 0);
}

/* The symbol table's section, when it and its strings can be copied; or NULL. */
static Elf64_Shdr *find_symtab(struct section_table *table, const struct image *image)
{
	for (size_t i = 1; i < image->shnum; i++) {
		Elf64_Shdr *shdr = &table->shdrs[i];

		if (shdr->sh_type == SHT_SYMTAB && shdr->sh_entsize == sizeof(Elf64_Sym) &&
		    shdr->sh_link && shdr->sh_link < image->shnum &&
		    shdr->sh_link != table->shstrndx &&
		    image_section_data(image, &image->shdrs[shdr->sh_link]))
			return shdr;
	}
	return NULL;
}

static void put_symbols(struct buf *tail, struct buf *strings, size_t strings_len,
			const struct tramps *tramps, size_t text_index)
{
	for (size_t i = 0; i < tramps->ndetours; i++) {
		const struct detour *detour = &tramps->detours[i];
		Elf64_Sym sym = {
			.st_name = (Elf64_Word)(strings_len + strings->len),
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = (Elf64_Section)text_index,
			.st_value = detour->tramp,
			.st_size = detour->tramp_len,
		};

		buf_printf(strings, "%s.%s_0x%llx", detour->site->func->name,
			   detour->site->at == DEF_ENTRY ? "entry_probe" : "return_probe",
			   (unsigned long long)(detour->addr - detour->site->func->entry));
		buf_u8(strings, 0);
		buf_put(tail, &sym, sizeof(sym));
	}
}

void sections_add_symbols(struct section_table *table, const struct image *image,
			  const struct tramps *tramps, size_t text_index, uint64_t tail_off,
			  struct buf *tail)
{
	Elf64_Shdr *symtab = find_symtab(table, image);
	struct buf strings = { 0 };

	if (!symtab || !tramps->ndetours)
		return;

	Elf64_Shdr *strtab = &table->shdrs[symtab->sh_link];
	const void *old_symbols = image_section_data(image, symtab);
	const void *old_strings = image_section_data(image, strtab);
	size_t old_strings_len = strtab->sh_size;

	align_tail(tail, tail_off, 8);
	symtab->sh_offset = tail_off + tail->len;
	buf_put(tail, old_symbols, symtab->sh_size);
	put_symbols(tail, &strings, old_strings_len, tramps, text_index);
	symtab->sh_size += tramps->ndetours * sizeof(Elf64_Sym);
	strtab->sh_offset = tail_off + tail->len;
	buf_put(tail, old_strings, old_strings_len);
	buf_put(tail, strings.data, strings.len);
	strtab->sh_size += strings.len;
	buf_free(&strings);
}

struct err *sections_finish(struct section_table *table, const struct image *image,
			    uint64_t tail_off, struct buf *tail)
{
	if (!table->shstrndx) {
		Elf64_Shdr shdr = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };

		table->shstrndx = sections_add(table, ".shstrtab", &shdr);
	}
	if (table->shnum >= SHN_LORESERVE)
		return err_new("%s: %zu sections, more than an ELF header can count",
			       image->path, table->shnum);

	Elf64_Shdr *names = &table->shdrs[table->shstrndx];

	names->sh_offset = tail_off + tail->len;
	names->sh_size = table->names.len;
	buf_put(tail, table->names.data, table->names.len);
	align_tail(tail, tail_off, 8);
	table->shoff = tail_off + tail->len;
	buf_put(tail, table->shdrs, table->shnum * sizeof(*table->shdrs));
	return NULL;
}
