/* SPDX-License-Identifier: MIT */
/*
 * An ELF file mapped read-only, with its headers checked once. Every access to the bytes
 * goes through the functions here, which never leave the file. 64-bit little-endian only.
 * Section headers may be missing (sstrip): then shnum is 0.
 */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A good size of block for image_read(). */
#define IMAGE_BLOCK (256 * 1024)

/* Bytes to lay over those of the file in a view. */
struct image_piece {
	uint64_t off;
	uint32_t len;
	const uint8_t *bytes;
};

struct image {
	char *path;
	int fd;
	const uint8_t *data;
	size_t size;
	size_t mapped; /* bytes mapped at data; more than size in a view */
	struct image_piece *pieces; /* of a view, sorted by offset; their bytes are borrowed */
	size_t npieces;
	Elf64_Ehdr ehdr;
	Elf64_Phdr *phdrs; /* aligned copies, checked to lie inside the file */
	size_t phnum;
	Elf64_Shdr *shdrs; /* aligned copies; file ranges of non-NOBITS ones are checked */
	size_t shnum;
	const char *shstrtab; /* NUL-terminated; borrowed from data */
	size_t shstrtab_size;
};

/*
 * Maps and checks `path`. Errors name the file, the header, and what is wrong: not a
 * regular file, not ELF, 32-bit, big-endian, truncated, segments that overlap, sections
 * outside the file. Any machine and type is accepted; image_check_go_target() is narrower.
 * The caller owns *image_ret and gives it to image_close().
 */
struct err *image_open(const char *path, struct image **image_ret);
void image_close(struct image *image);

/* Another one of the same open file, which may be gone or out of reach by name. */
struct err *image_again(const struct image *image, struct image **image_ret);

/*
 * The same for the first `size` bytes of the file with `pieces` laid over them: how it was
 * before it was edited. The pieces' bytes must outlive the image. The file itself does not
 * change, and `fd` still reads what it holds.
 */
struct err *image_open_view(const char *path, uint64_t size, const struct image_piece *pieces,
			    size_t npieces, struct image **image_ret);

/* NULL when the file can be rewritten: linux/x86-64, ET_EXEC or ET_DYN, with segments, and
 * nothing behind what its headers describe. */
struct err *image_check_target(const struct image *image);

/* `len` bytes at file offset `off`, borrowed; NULL when not all inside the file. */
const void *image_bytes(const struct image *image, uint64_t off, uint64_t len);

/*
 * Reads `len` bytes at `off` into `into`, as image_bytes() would show them, but without
 * keeping pages of the mapping in memory: for passing over whole files.
 */
struct err *image_read(const struct image *image, uint64_t off, void *into, size_t len);

/* `len` bytes that a PT_LOAD maps from the file at `vaddr`, borrowed; or NULL. */
const void *image_at(const struct image *image, uint64_t vaddr, uint64_t len);

/* The longest run of file bytes from `vaddr` to the end of its PT_LOAD's file part. */
const void *image_rest(const struct image *image, uint64_t vaddr, uint64_t *len_ret);

/* File offset of a mapped address; false when no PT_LOAD has file bytes there. */
bool image_offset(const struct image *image, uint64_t vaddr, uint64_t *off_ret);

/* The first section with this name, or NULL. */
const Elf64_Shdr *image_section(const struct image *image, const char *name);
/* "" for a name outside the string table. */
const char *image_section_name(const struct image *image, const Elf64_Shdr *shdr);
/* Bytes of a section as they are in the file; NULL for NOBITS. */
const void *image_section_data(const struct image *image, const Elf64_Shdr *shdr);

#endif
