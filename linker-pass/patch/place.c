/* SPDX-License-Identifier: MIT */
/* Finds a place for the new segment and for its program header. */
#include <string.h>

#include "patch/place.h"

#define PAGE 4096u
#define FAR (256ull << 20) /* more than trampolines take */
#define ADDRESS_END (1ull << 47)

static uint64_t align_up(uint64_t value)
{
	return (value + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static bool overlaps(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return alen && blen && a < b + blen && b < a + alen;
}

static bool is_moved(const struct placement *placement, uint64_t off, uint64_t len)
{
	for (size_t i = 0; i < placement->nmoved; i++) {
		const struct moved_range *range = &placement->moved[i];

		if (off >= range->old_off && off + len <= range->old_off + range->len)
			return true;
	}
	return false;
}

/* Ranges that only program headers name may move: the interpreter's path and notes. */
static bool may_move(const Elf64_Phdr *phdr)
{
	return phdr->p_type == PT_INTERP || phdr->p_type == PT_NOTE ||
	       phdr->p_type == PT_GNU_PROPERTY;
}

/* Moves the segment out of [off, off + len), unless a larger one has taken it along. */
static struct err *move_segment(const struct image *image, const Elf64_Phdr *phdr,
				struct placement *placement)
{
	if (is_moved(placement, phdr->p_offset, phdr->p_filesz))
		return NULL;
	if (placement->nmoved == PLACE_MAX_MOVED)
		return err_new("%s: too many small segments behind the program headers",
			       image->path);
	placement->moved[placement->nmoved++] = (struct moved_range){
		.old_off = phdr->p_offset,
		.len = phdr->p_filesz,
		.old_vaddr = phdr->p_vaddr,
	};
	return NULL;
}

/* Whether bytes [off, off+len) hold nothing but padding, section headers or moved ranges. */
static bool room_is_free(const struct image *image, const struct placement *placement,
			 uint64_t off, uint64_t len)
{
	uint64_t shdrs_end = image->ehdr.e_shoff + image->shnum * sizeof(Elf64_Shdr);

	for (uint64_t at = off; at < off + len; at++) {
		const uint8_t *byte = image_bytes(image, at, 1);

		if (!byte)
			return false;
		if (*byte && !(image->shnum && at >= image->ehdr.e_shoff && at < shdrs_end) &&
		    !is_moved(placement, at, 1))
			return false;
	}
	return true;
}

/* The section that keeps the room from being used, or NULL. */
static const Elf64_Shdr *section_in_room(const struct image *image,
					 const struct placement *placement, uint64_t off,
					 uint64_t len)
{
	for (size_t i = 1; i < image->shnum; i++) {
		const Elf64_Shdr *shdr = &image->shdrs[i];

		if (shdr->sh_type != SHT_NOBITS &&
		    overlaps(shdr->sh_offset, shdr->sh_size, off, len) &&
		    !is_moved(placement, shdr->sh_offset, shdr->sh_size))
			return shdr;
	}
	return NULL;
}

static struct err *no_room(const struct image *image, uint64_t off, const char *name)
{
	return err_new("%s: no room at 0x%llx for one more program header%s%s; link it with "
		       "Go's own linker (-ldflags=-linkmode=internal) or GNU ld",
		       image->path, (unsigned long long)off, *name ? ", in the way is " : "",
		       name);
}

static struct err *make_room(const struct image *image, struct placement *placement)
{
	uint64_t off = image->ehdr.e_phoff + image->phnum * sizeof(Elf64_Phdr);
	uint64_t len = sizeof(Elf64_Phdr);

	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type == PT_LOAD || phdr->p_type == PT_PHDR ||
		    !overlaps(phdr->p_offset, phdr->p_filesz, off, len))
			continue;
		if (!may_move(phdr))
			return no_room(image, off, "a segment");
		TRY(move_segment(image, phdr, placement));
	}

	const Elf64_Shdr *shdr = section_in_room(image, placement, off, len);

	if (shdr || !room_is_free(image, placement, off, len))
		return no_room(image, off, shdr ? image_section_name(image, shdr) : "");
	return NULL;
}

/* Moves the segment up to the distance that `beside` has, or far from it. */
static void keep_distance(const struct image *image, uint64_t beside,
			  struct placement *placement)
{
	uint64_t off, vaddr;

	if (!image_offset(image, beside, &off) || (beside - off) % PAGE)
		return;
	vaddr = placement->seg_off + (beside - off);
	if (vaddr >= placement->seg_vaddr)
		placement->seg_vaddr = vaddr;
	else if (placement->seg_vaddr - vaddr < FAR)
		placement->seg_vaddr = vaddr + FAR;
}

struct err *place_find(const struct image *image, uint64_t beside,
		       struct placement *placement_ret)
{
	struct placement placement = { .seg_off = align_up(image->size) };
	uint64_t top = 0;

	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type == PT_LOAD && phdr->p_vaddr + phdr->p_memsz > top)
			top = phdr->p_vaddr + phdr->p_memsz;
	}
	if (top > ADDRESS_END - (1ull << 32))
		return err_new("%s: no address space left behind its last segment (0x%llx)",
			       image->path, (unsigned long long)top);
	placement.seg_vaddr = align_up(top);
	if (beside)
		keep_distance(image, beside, &placement);
	if (image->ehdr.e_phoff < sizeof(image->ehdr))
		return err_new("%s: program headers at 0x%llx, inside the ELF header",
			       image->path, (unsigned long long)image->ehdr.e_phoff);
	TRY(make_room(image, &placement));
	*placement_ret = placement;
	return NULL;
}
