/* SPDX-License-Identifier: MIT */
/*
 * Mapping and checking of ELF files. Follows the System V gABI, chapters 4 (ELF header,
 * sections, extended numbering) and 5 (program headers).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "elf/image.h"

#define PAGE_SIZE 4096u

static bool in_range(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static struct err *map_file(struct image *image)
{
	struct stat st;

	if (image->fd < 0)
		image->fd = open(image->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (image->fd < 0)
		return err_sys(errno, "%s: cannot open", image->path);
	if (fstat(image->fd, &st))
		return err_sys(errno, "%s: cannot stat", image->path);
	if (S_ISDIR(st.st_mode))
		return err_new("%s: is a directory, not an ELF file", image->path);
	if (!S_ISREG(st.st_mode))
		return err_new("%s: not a regular file", image->path);
	if (st.st_size == 0)
		return err_new("%s: empty, not an ELF file", image->path);
	image->size = (size_t)st.st_size;
	image->mapped = image->size;
	void *data = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, image->fd, 0);

	if (data == MAP_FAILED)
		return err_sys(errno, "%s: cannot map", image->path);
	image->data = data;
	return NULL;
}

static struct err *read_ehdr(struct image *image)
{
	const char *path = image->path;
	const uint8_t *ident = image->data;

	if (image->size < SELFMAG || memcmp(ident, ELFMAG, SELFMAG))
		return err_new("%s: not an ELF file", path);
	if (image->size > EI_DATA && ident[EI_CLASS] == ELFCLASS32)
		return err_new("%s: 32-bit ELF file; only 64-bit ones can be used", path);
	if (image->size < sizeof(image->ehdr))
		return err_new("%s: ELF header: %zu of %zu bytes; the file is truncated", path,
			       image->size, sizeof(image->ehdr));
	if (ident[EI_CLASS] != ELFCLASS64)
		return err_new("%s: ELF header: unknown class %u", path, ident[EI_CLASS]);
	if (ident[EI_DATA] == ELFDATA2MSB)
		return err_new("%s: big-endian ELF file; only little-endian ones can be used",
			       path);
	if (ident[EI_DATA] != ELFDATA2LSB)
		return err_new("%s: ELF header: unknown byte order %u", path, ident[EI_DATA]);
	memcpy(&image->ehdr, image->data, sizeof(image->ehdr));
	if (ident[EI_VERSION] != EV_CURRENT || image->ehdr.e_version != EV_CURRENT)
		return err_new("%s: ELF header: unknown version %u", path,
			       image->ehdr.e_version);
	return NULL;
}

/* Checks that a table of `num` headers of `entsize` bytes lies inside the file. */
static struct err *check_table(const struct image *image, const char *what, uint64_t off,
			       uint64_t num, unsigned entsize, size_t want)
{
	if (entsize != want)
		return err_new("%s: ELF header: %s headers of %u bytes, not %zu", image->path,
			       what, entsize, want);
	if (num > image->size / want || !in_range(off, num * want, image->size))
		return err_new("%s: %" PRIu64 " %s headers at 0x%" PRIx64
			       " end beyond the file (%zu bytes); the file is truncated",
			       image->path, num, what, off, image->size);
	return NULL;
}

/* Section header 0, which holds counts too large for the ELF header (gABI, chapter 4). */
static struct err *first_shdr(const struct image *image, Elf64_Shdr *shdr_ret)
{
	const Elf64_Ehdr *ehdr = &image->ehdr;

	TRY(check_table(image, "section", ehdr->e_shoff, 1, ehdr->e_shentsize,
			sizeof(*shdr_ret)));
	memcpy(shdr_ret, image->data + ehdr->e_shoff, sizeof(*shdr_ret));
	return NULL;
}

static struct err *read_phdrs(struct image *image)
{
	const Elf64_Ehdr *ehdr = &image->ehdr;
	uint64_t num = ehdr->e_phnum;

	if (num == PN_XNUM && ehdr->e_shoff) {
		Elf64_Shdr first;

		TRY(first_shdr(image, &first));
		num = first.sh_info;
	}
	if (num == 0)
		return NULL;
	TRY(check_table(image, "program", ehdr->e_phoff, num, ehdr->e_phentsize,
			sizeof(Elf64_Phdr)));
	image->phdrs = mem_dup(image->data + ehdr->e_phoff, num * sizeof(Elf64_Phdr));
	image->phnum = num;
	return NULL;
}

static struct err *check_phdr(const struct image *image, size_t i)
{
	const Elf64_Phdr *phdr = &image->phdrs[i];

	if (phdr->p_type == PT_NULL)
		return NULL;
	if (phdr->p_filesz && !in_range(phdr->p_offset, phdr->p_filesz, image->size))
		return err_new("%s: program header %zu: file range 0x%" PRIx64 "+0x%" PRIx64
			       " ends beyond the file (%zu bytes); the file is truncated",
			       image->path, i, phdr->p_offset, phdr->p_filesz, image->size);
	if (phdr->p_type != PT_LOAD)
		return NULL;
	if (phdr->p_filesz > phdr->p_memsz)
		return err_new("%s: program header %zu: 0x%" PRIx64 " bytes in the file but only "
			       "0x%" PRIx64 " in memory", image->path, i, phdr->p_filesz,
			       phdr->p_memsz);
	if (phdr->p_memsz > UINT64_MAX - phdr->p_vaddr)
		return err_new("%s: program header %zu: address range 0x%" PRIx64 "+0x%" PRIx64
			       " wraps around", image->path, i, phdr->p_vaddr, phdr->p_memsz);
	return NULL;
}

/* Loads ascend in memory (gABI, chapter 5) and no two take bytes from the same place. */
static struct err *check_load_pair(const struct image *image, size_t lower, size_t upper)
{
	const Elf64_Phdr *a = &image->phdrs[lower], *b = &image->phdrs[upper];

	if (b->p_vaddr < a->p_vaddr)
		return err_new("%s: program header %zu: address 0x%" PRIx64 " is below that of "
			       "program header %zu; segments must ascend", image->path, upper,
			       b->p_vaddr, lower);
	if (a->p_memsz && b->p_memsz && b->p_vaddr < a->p_vaddr + a->p_memsz)
		return err_new("%s: program header %zu: address range 0x%" PRIx64 "+0x%" PRIx64
			       " overlaps program header %zu", image->path, upper, b->p_vaddr,
			       b->p_memsz, lower);
	if (a->p_filesz && b->p_filesz && b->p_offset < a->p_offset + a->p_filesz &&
	    a->p_offset < b->p_offset + b->p_filesz)
		return err_new("%s: program header %zu: file range 0x%" PRIx64 "+0x%" PRIx64
			       " overlaps program header %zu", image->path, upper, b->p_offset,
			       b->p_filesz, lower);
	return NULL;
}

static struct err *check_phdrs(const struct image *image)
{
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < image->phnum; i++) {
		TRY(check_phdr(image, i));
		if (image->phdrs[i].p_type != PT_LOAD)
			continue;
		if (last != SIZE_MAX)
			TRY(check_load_pair(image, last, i));
		last = i;
	}
	return NULL;
}

static struct err *read_shdrs(struct image *image)
{
	const Elf64_Ehdr *ehdr = &image->ehdr;
	uint64_t num = ehdr->e_shnum;

	if (ehdr->e_shoff == 0) {
		if (num)
			return err_new("%s: ELF header: %" PRIu64 " section headers but no offset",
				       image->path, num);
		return NULL;
	}
	if (num == 0) {
		Elf64_Shdr first;

		TRY(first_shdr(image, &first));
		num = first.sh_size;
		if (num == 0)
			return err_new("%s: ELF header: section headers at 0x%" PRIx64
				       " but none counted", image->path, ehdr->e_shoff);
	}
	TRY(check_table(image, "section", ehdr->e_shoff, num, ehdr->e_shentsize,
			sizeof(Elf64_Shdr)));
	image->shdrs = mem_dup(image->data + ehdr->e_shoff, num * sizeof(Elf64_Shdr));
	image->shnum = num;
	return NULL;
}

static bool has_bytes(const Elf64_Shdr *shdr)
{
	return shdr->sh_type != SHT_NULL && shdr->sh_type != SHT_NOBITS && shdr->sh_size;
}

static struct err *read_shstrtab(struct image *image)
{
	uint64_t ndx = image->ehdr.e_shstrndx;

	if (image->shnum == 0)
		return NULL;
	if (ndx == SHN_XINDEX)
		ndx = image->shdrs[0].sh_link;
	if (ndx == SHN_UNDEF)
		return NULL;
	if (ndx >= image->shnum)
		return err_new("%s: ELF header: section names in section %" PRIu64 " of %zu",
			       image->path, ndx, image->shnum);
	const Elf64_Shdr *shdr = &image->shdrs[ndx];

	if (!has_bytes(shdr) || !in_range(shdr->sh_offset, shdr->sh_size, image->size))
		return err_new("%s: section header %" PRIu64 ": section names at 0x%" PRIx64
			       "+0x%" PRIx64 " end beyond the file (%zu bytes)", image->path,
			       ndx, shdr->sh_offset, shdr->sh_size, image->size);
	if (image->data[shdr->sh_offset + shdr->sh_size - 1])
		return err_new("%s: section header %" PRIu64 ": section names do not end in NUL",
			       image->path, ndx);
	image->shstrtab = (const char *)image->data + shdr->sh_offset;
	image->shstrtab_size = shdr->sh_size;
	return NULL;
}

static int by_offset(const void *left, const void *right)
{
	const Elf64_Shdr *a = *(const Elf64_Shdr *const *)left;
	const Elf64_Shdr *b = *(const Elf64_Shdr *const *)right;

	if (a->sh_offset != b->sh_offset)
		return a->sh_offset < b->sh_offset ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Sections that take bytes from the file take each byte once: a lying size shows here. */
static struct err *check_overlap(const struct image *image)
{
	const Elf64_Shdr **order = mem_zalloc((image->shnum + 1) * sizeof(*order));
	struct err *err = NULL;
	size_t count = 0;

	for (size_t i = 0; i < image->shnum; i++)
		if (has_bytes(&image->shdrs[i]))
			order[count++] = &image->shdrs[i];
	qsort(order, count, sizeof(*order), by_offset);
	for (size_t i = 1; i < count && !err; i++) {
		const Elf64_Shdr *a = order[i - 1], *b = order[i];

		if (a->sh_offset + a->sh_size > b->sh_offset)
			err = err_new("%s: section header %zu (%s): file range 0x%" PRIx64
				      "+0x%" PRIx64 " overlaps section %zu (%s)", image->path,
				      (size_t)(a - image->shdrs), image_section_name(image, a),
				      a->sh_offset, a->sh_size, (size_t)(b - image->shdrs),
				      image_section_name(image, b));
	}
	free(order);
	return err;
}

static struct err *check_shdrs(const struct image *image)
{
	for (size_t i = 0; i < image->shnum; i++) {
		const Elf64_Shdr *shdr = &image->shdrs[i];

		if (!has_bytes(shdr) || in_range(shdr->sh_offset, shdr->sh_size, image->size))
			continue;
		return err_new("%s: section header %zu (%s): file range 0x%" PRIx64 "+0x%" PRIx64
			       " ends beyond the file (%zu bytes); the file is truncated or the "
			       "header is wrong", image->path, i, image_section_name(image, shdr),
			       shdr->sh_offset, shdr->sh_size, image->size);
	}
	return check_overlap(image);
}

static int by_piece_offset(const void *left, const void *right)
{
	const struct image_piece *a = left, *b = right;

	return a->off < b->off ? -1 : a->off > b->off;
}

/* Lays the pieces over our private copy of the pages they are on. */
static struct err *apply_view(struct image *image, uint64_t size,
			      const struct image_piece *pieces, size_t npieces)
{
	uint8_t *data = (uint8_t *)(uintptr_t)image->data;

	if (size > image->size)
		return err_new("%s: %zu bytes, but %" PRIu64 " before it was edited; the file is "
			       "truncated", image->path, image->size, size);
	if (mprotect(data, image->mapped, PROT_READ | PROT_WRITE))
		return err_sys(errno, "%s: cannot map", image->path);
	for (size_t i = 0; i < npieces; i++) {
		if (!in_range(pieces[i].off, pieces[i].len, size))
			return err_new("%s: undo record: 0x%" PRIx64 "+0x%x is beyond the "
				       "original's %" PRIu64 " bytes", image->path,
				       pieces[i].off, pieces[i].len, size);
		memcpy(data + pieces[i].off, pieces[i].bytes, pieces[i].len);
	}
	image->size = size;
	image->pieces = mem_dup(pieces, npieces * sizeof(*pieces));
	image->npieces = npieces;
	qsort(image->pieces, npieces, sizeof(*pieces), by_piece_offset);
	return NULL;
}

static struct err *image_parse(struct image *image)
{
	TRY(read_ehdr(image));
	TRY(read_phdrs(image));
	TRY(check_phdrs(image));
	TRY(read_shdrs(image));
	TRY(read_shstrtab(image));
	return check_shdrs(image);
}

static struct err *open_on(int fd, const char *path, uint64_t size,
			   const struct image_piece *pieces, size_t npieces,
			   struct image **image_ret)
{
	struct image *image = mem_zalloc(sizeof(*image));

	image->path = mem_strdup(path);
	image->fd = fd;
	struct err *err = map_file(image);

	if (!err && size != UINT64_MAX)
		err = apply_view(image, size, pieces, npieces);
	if (!err)
		err = image_parse(image);
	if (err) {
		image_close(image);
		return err;
	}
	*image_ret = image;
	return NULL;
}

struct err *image_open_view(const char *path, uint64_t size, const struct image_piece *pieces,
			    size_t npieces, struct image **image_ret)
{
	return open_on(-1, path, size, pieces, npieces, image_ret);
}

struct err *image_again(const struct image *image, struct image **image_ret)
{
	int fd = fcntl(image->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(errno, "%s: cannot open again", image->path);
	return open_on(fd, image->path, UINT64_MAX, NULL, 0, image_ret);
}

struct err *image_open(const char *path, struct image **image_ret)
{
	return image_open_view(path, UINT64_MAX, NULL, 0, image_ret);
}

void image_close(struct image *image)
{
	if (!image)
		return;
	if (image->data)
		munmap((void *)(uintptr_t)image->data, image->mapped);
	if (image->fd >= 0)
		close(image->fd);
	free(image->pieces);
	free(image->phdrs);
	free(image->shdrs);
	free(image->path);
	free(image);
}

static uint64_t max_end(uint64_t end, uint64_t off, uint64_t len)
{
	return len && off + len > end ? off + len : end;
}

/* The end of all that headers describe. */
static uint64_t described_end(const struct image *image)
{
	uint64_t end = sizeof(image->ehdr);

	end = max_end(end, image->ehdr.e_phoff, image->phnum * sizeof(Elf64_Phdr));
	if (image->shnum)
		end = max_end(end, image->ehdr.e_shoff, image->shnum * sizeof(Elf64_Shdr));
	for (size_t i = 0; i < image->phnum; i++)
		end = max_end(end, image->phdrs[i].p_offset, image->phdrs[i].p_filesz);
	for (size_t i = 0; i < image->shnum; i++)
		if (has_bytes(&image->shdrs[i]))
			end = max_end(end, image->shdrs[i].sh_offset, image->shdrs[i].sh_size);
	return end;
}

/* A program may look for data at its own end, an archive say, and must find it there. */
static struct err *check_end(const struct image *image)
{
	for (uint64_t at = described_end(image); at < image->size; at++)
		if (image->data[at])
			return err_new("%s: %" PRIu64 " bytes behind the ELF contents, at 0x%"
				       PRIx64 " (an appended archive?), which the program could "
				       "no longer find at its end; inject before they are "
				       "appended", image->path, image->size - at, at);
	return NULL;
}

struct err *image_check_target(const struct image *image)
{
	bool executable = false;

	if (image->ehdr.e_machine != EM_X86_64)
		return err_new("%s: built for machine %u; only x86-64 (%u) can be used",
			       image->path, image->ehdr.e_machine, EM_X86_64);
	if (image->ehdr.e_ident[EI_OSABI] != ELFOSABI_SYSV &&
	    image->ehdr.e_ident[EI_OSABI] != ELFOSABI_GNU)
		return err_new("%s: built for another system (ELF OS ABI %u); only linux/amd64 "
			       "programs can be used", image->path,
			       image->ehdr.e_ident[EI_OSABI]);
	if (image->ehdr.e_type != ET_EXEC && image->ehdr.e_type != ET_DYN)
		return err_new("%s: not an executable (ELF type %u); inject after the link step",
			       image->path, image->ehdr.e_type);
	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type != PT_LOAD)
			continue;
		if (phdr->p_filesz && (phdr->p_offset - phdr->p_vaddr) % PAGE_SIZE)
			return err_new("%s: program header %zu: file offset 0x%" PRIx64
				       " and address 0x%" PRIx64 " differ within the page; the "
				       "kernel cannot map it", image->path, i, phdr->p_offset,
				       phdr->p_vaddr);
		executable |= phdr->p_flags & PF_X;
	}
	if (!executable)
		return err_new("%s: no executable segment", image->path);
	return check_end(image);
}

const void *image_bytes(const struct image *image, uint64_t off, uint64_t len)
{
	return in_range(off, len, image->size) ? image->data + off : NULL;
}

/* The part of each piece that falls into [off, off + len). */
static void overlay(const struct image *image, uint64_t off, uint8_t *into, size_t len)
{
	for (size_t i = 0; i < image->npieces && image->pieces[i].off < off + len; i++) {
		const struct image_piece *piece = &image->pieces[i];
		uint64_t from = piece->off > off ? piece->off : off;
		uint64_t to = piece->off + piece->len;

		if (to > off + len)
			to = off + len;
		if (from < to)
			memcpy(into + (from - off), piece->bytes + (from - piece->off),
			       to - from);
	}
}

struct err *image_read(const struct image *image, uint64_t off, void *into, size_t len)
{
	uint8_t *at = into;

	if (!in_range(off, len, image->size))
		return err_new("%s: 0x%zx bytes at 0x%" PRIx64 " are beyond the file", image->path,
			       len, off);
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(image->fd, at + done, len - done, (off_t)(off + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(got ? errno : EIO, "%s: cannot read", image->path);
		done += (size_t)got;
	}
	overlay(image, off, at, len);
	return NULL;
}

const void *image_rest(const struct image *image, uint64_t vaddr, uint64_t *len_ret)
{
	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		uint64_t delta = vaddr - phdr->p_vaddr;

		if (phdr->p_type != PT_LOAD || vaddr < phdr->p_vaddr || delta >= phdr->p_filesz)
			continue;
		*len_ret = phdr->p_filesz - delta;
		return image->data + phdr->p_offset + delta;
	}
	return NULL;
}

const void *image_at(const struct image *image, uint64_t vaddr, uint64_t len)
{
	uint64_t rest;
	const void *bytes = image_rest(image, vaddr, &rest);

	return bytes && len <= rest ? bytes : NULL;
}

bool image_offset(const struct image *image, uint64_t vaddr, uint64_t *off_ret)
{
	const uint8_t *byte = image_at(image, vaddr, 1);

	if (!byte)
		return false;
	*off_ret = (uint64_t)(byte - image->data);
	return true;
}

const Elf64_Shdr *image_section(const struct image *image, const char *name)
{
	for (size_t i = 1; i < image->shnum; i++)
		if (strcmp(image_section_name(image, &image->shdrs[i]), name) == 0)
			return &image->shdrs[i];
	return NULL;
}

const char *image_section_name(const struct image *image, const Elf64_Shdr *shdr)
{
	if (!image->shstrtab || shdr->sh_name >= image->shstrtab_size)
		return "";
	return image->shstrtab + shdr->sh_name;
}

const void *image_section_data(const struct image *image, const Elf64_Shdr *shdr)
{
	if (shdr->sh_type == SHT_NOBITS || shdr->sh_type == SHT_NULL)
		return NULL;
	return image_bytes(image, shdr->sh_offset, shdr->sh_size);
}
