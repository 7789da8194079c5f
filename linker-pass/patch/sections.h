/* SPDX-License-Identifier: MIT */
/* The output's section header table: the input's, moved to the end, with ours added. */
#ifndef PATCH_SECTIONS_H
#define PATCH_SECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "elf/image.h"
#include "patch/tramp.h"

struct section_table {
	Elf64_Shdr *shdrs; /* owned */
	size_t shnum, cap;
	struct buf names;  /* the new .shstrtab */
	size_t shstrndx;
	uint64_t shoff;    /* set by sections_finish() */
};

/* Starts with a copy of the image's table, or a null section where it has none. */
void sections_start(struct section_table *table, const struct image *image);
void sections_free(struct section_table *table);

/* Adds a section; sh_name is set here. Returns its index. */
size_t sections_add(struct section_table *table, const char *name, const Elf64_Shdr *shdr);

/* Pads `tail`, which begins at file offset tail_off, so that the file offset is aligned. */
void align_tail(struct buf *tail, uint64_t tail_off, size_t align);

/*
 * Appends copies of .symtab and its string table to `tail`, with a function symbol for
 * each trampoline, and lets the table point to them. Nothing without a .symtab.
 */
void sections_add_symbols(struct section_table *table, const struct image *image,
			  const struct tramps *tramps, size_t text_index, uint64_t tail_off,
			  struct buf *tail);

/* Appends .shstrtab and the table itself to `tail`, which begins at file offset tail_off.
 * Error: more sections than an ELF header can count. */
struct err *sections_finish(struct section_table *table, const struct image *image,
			    uint64_t tail_off, struct buf *tail);

#endif
