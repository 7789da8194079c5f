/* SPDX-License-Identifier: MIT */
/* Proves an injected file. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elf/sdt.h"
#include "patch/frame.h"
#include "patch/original.h"
#include "patch/output.h"
#include "patch/prove.h"

#define JMP_LEN 5

struct proof {
	const struct image *image;
	const struct image *original;
	const struct meta *meta;
	struct meta_site *sites; /* sorted by pc; a copy */
	struct meta_site *detoured; /* those with a trampoline, likewise */
	size_t ndetoured;
	struct detour *detours;  /* sorted by trampoline */
	size_t ndetours;
	uint64_t text, text_end; /* .goprobes.text */
	size_t nnotes;
	struct err *err; /* the first thing that is wrong with a note */
};

typedef unsigned long long ull;

static struct err *wrong(const struct proof *proof, uint64_t addr, const char *what)
{
	return err_new("%s: at 0x%llx: %s; inject the original again", proof->image->path,
		       (ull)addr, what);
}

static int by_pc(const void *a, const void *b)
{
	const struct meta_site *x = a, *y = b;

	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static int by_tramp(const void *a, const void *b)
{
	const struct detour *x = a, *y = b;

	return x->tramp < y->tramp ? -1 : x->tramp > y->tramp;
}

/* The original's program headers, unchanged but for those that gave way. */
static struct err *prove_phdrs(const struct proof *proof)
{
	const struct image *image = proof->image, *original = proof->original;
	const Elf64_Phdr *last = image->phnum ? &image->phdrs[image->phnum - 1] : NULL;
	bool detours = image->phnum == original->phnum + 1;

	if (!detours && image->phnum != original->phnum)
		return wrong(proof, image->ehdr.e_phoff, "wrong number of program headers");
	for (size_t i = 0; i < original->phnum; i++) {
		const Elf64_Phdr *now = &image->phdrs[i], *was = &original->phdrs[i];
		bool may_differ = was->p_type == PT_PHDR || was->p_type == PT_INTERP ||
				  was->p_type == PT_NOTE || was->p_type == PT_GNU_PROPERTY;

		if (now->p_type != was->p_type || now->p_flags != was->p_flags ||
		    (!may_differ && memcmp(now, was, sizeof(*now))))
			return wrong(proof, image->ehdr.e_phoff + i * sizeof(*now),
				     "program header is not the original's");
	}
	if (detours && (last->p_type != PT_LOAD || last->p_flags != (PF_R | PF_X) ||
			proof->text < last->p_vaddr ||
			proof->text_end > last->p_vaddr + last->p_filesz))
		return wrong(proof, proof->text, "the trampolines' segment is not R-X");
	return NULL;
}

static bool file_to_addr(const struct image *image, uint64_t off, uint64_t *addr_ret)
{
	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type == PT_LOAD && phdr->p_flags & PF_X && off >= phdr->p_offset &&
		    off - phdr->p_offset < phdr->p_filesz) {
			*addr_ret = phdr->p_vaddr + (off - phdr->p_offset);
			return true;
		}
	}
	return false;
}

static bool is_header(const struct image *original, const struct meta_undo_piece *piece)
{
	return piece->off == 0 || piece->off == original->ehdr.e_phoff;
}

/* Turns an undo piece into the detour it must be. */
static struct err *read_detour(struct proof *proof, const struct meta_undo_piece *piece)
{
	const uint8_t *jump = image_bytes(proof->image, piece->off, piece->len);
	struct detour detour = { .len = piece->len };
	int32_t rel;

	if (!file_to_addr(proof->original, piece->off, &detour.addr))
		return wrong(proof, piece->off, "edited bytes are not code");
	if (!jump || piece->len < JMP_LEN || jump[0] != 0xe9)
		return wrong(proof, detour.addr, "no jump where a site was made");
	memcpy(&rel, jump + 1, sizeof(rel));
	detour.tramp = detour.addr + JMP_LEN + (uint64_t)(int64_t)rel;
	if (detour.tramp < proof->text || detour.tramp >= proof->text_end)
		return wrong(proof, detour.addr, "jump does not lead to a trampoline");
	proof->detours[proof->ndetours++] = detour;
	return NULL;
}

static struct err *read_detours(struct proof *proof)
{
	const Elf64_Shdr *text = image_section(proof->image, OUTPUT_TEXT_SECTION);

	if (text) {
		proof->text = text->sh_addr;
		proof->text_end = text->sh_addr + text->sh_size;
	}
	proof->detours = mem_zalloc((proof->meta->nundo + 1) * sizeof(*proof->detours));
	for (size_t i = 0; i < proof->meta->nundo; i++)
		if (!is_header(proof->original, &proof->meta->undo[i]))
			TRY(read_detour(proof, &proof->meta->undo[i]));
	qsort(proof->detours, proof->ndetours, sizeof(*proof->detours), by_tramp);
	return NULL;
}

/* Sites are walked along with the trampolines: *site is the first not yet met. */
static struct err *prove_nops(const struct proof *proof, uint64_t end, size_t *site,
			      uint64_t *after_ret)
{
	uint64_t after = 0;

	for (; *site < proof->ndetoured && proof->detoured[*site].pc < end; ++*site) {
		uint64_t pc = proof->detoured[*site].pc;
		const uint8_t *code = image_at(proof->image, pc, 1);
		const uint8_t *whole = image_at(proof->image, pc, TRAMP_NOP_LEN);

		if (!code || *code != tramp_nop[0])
			return wrong(proof, pc, "no nop at a site");
		after = pc + (whole && !memcmp(whole, tramp_nop, TRAMP_NOP_LEN) ? TRAMP_NOP_LEN :
										   1);
	}
	*after_ret = after;
	return NULL;
}

/* At `after` stand the displaced bytes but for the first `pre`, then the way back. */
static bool tail_matches(const struct proof *proof, const struct detour *detour,
			 const uint8_t *displaced, uint32_t pre, uint64_t after)
{
	const uint8_t *start = image_at(proof->image, detour->tramp, pre);
	const uint8_t *rest = image_at(proof->image, after, detour->len - pre);
	const uint8_t *back;
	int32_t rel;

	if (!start || !rest || memcmp(start, displaced, pre) ||
	    memcmp(rest, displaced + pre, detour->len - pre))
		return false;
	if (displaced[detour->len - 1] == 0xc3)
		return true;
	after += detour->len - pre;
	back = image_at(proof->image, after, JMP_LEN);
	if (!back || back[0] != 0xe9)
		return false;
	memcpy(&rel, back + 1, sizeof(rel));
	return after + JMP_LEN + (uint64_t)(int64_t)rel == detour->addr + detour->len;
}

static struct err *prove_tramp(const struct proof *proof, size_t i, size_t *site)
{
	const struct detour *detour = &proof->detours[i];
	uint64_t end = i + 1 < proof->ndetours ? proof->detours[i + 1].tramp : proof->text_end;
	const uint8_t *displaced = image_at(proof->original, detour->addr, detour->len);
	uint64_t after = 0;

	if (*site < proof->ndetoured && proof->detoured[*site].pc < detour->tramp)
		return wrong(proof, proof->detoured[*site].pc, "site outside its trampoline");
	TRY(prove_nops(proof, end, site, &after));
	if (!after)
		return wrong(proof, detour->tramp, "trampoline without a site");
	for (uint32_t pre = 0; displaced && pre < detour->len; pre++)
		if (tail_matches(proof, detour, displaced, pre, after))
			return NULL;
	return wrong(proof, detour->tramp, "trampoline does not hold the displaced code");
}

static struct err *prove_tramps(const struct proof *proof)
{
	size_t site = 0;

	for (size_t i = 0; i < proof->ndetours; i++)
		TRY(prove_tramp(proof, i, &site));
	if (site != proof->ndetoured)
		return wrong(proof, proof->detoured[site].pc, "site outside the trampolines");
	return NULL;
}

/* The original's code from `addr` on; NULL when it has none there. */
static const uint8_t *code_from(const struct proof *proof, uint64_t addr, uint64_t *len_ret)
{
	const uint8_t *code = image_rest(proof->original, addr, len_ret);
	uint64_t off, same;

	if (!code || !image_offset(proof->original, addr, &off) ||
	    !file_to_addr(proof->original, off, &same) || same != addr)
		return NULL;
	return code;
}

static struct err *prove_inplace(const struct proof *proof, const struct meta_site *site)
{
	uint64_t rest = 0, len = 0;
	const uint8_t *func = code_from(proof, site->func_addr, &rest);
	const uint8_t *code = code_from(proof, site->pc, &len);
	size_t check = func ? frame_stack_check(func, rest) : 0;
	size_t nops = check ? FRAME_SITE : FRAME_SMALL_SITE;

	if (!func || !code || site->pc < site->func_addr || !frame_is_site(code, len, nops))
		return wrong(proof, site->pc, "no nop of the toolchain's at a site in place");
	if (site->pc - site->func_addr != check && !frame_starts_return(code + nops, len - nops))
		return wrong(proof, site->pc, "site in place is neither at an entry nor a return");
	return NULL;
}

/* Parts the sites by where they are and proves those in place; detours prove the others. */
static struct err *prove_inplaces(struct proof *proof)
{
	proof->detoured = mem_zalloc((proof->meta->nsites + 1) * sizeof(*proof->detoured));
	for (size_t i = 0; i < proof->meta->nsites; i++) {
		const struct meta_site *site = &proof->sites[i];

		if (site->tactic == TACTIC_DETOUR)
			proof->detoured[proof->ndetoured++] = *site;
		else if (site->tactic == TACTIC_INLINE)
			TRY(prove_inplace(proof, site));
	}
	return NULL;
}

/* Whether a site is there by this name; in note mode several probes can share a place. */
static bool has_site(const struct proof *proof, const struct sdt_note *note)
{
	struct meta_site key = { .pc = note->pc };
	const struct meta_site *end = proof->sites + proof->meta->nsites;
	const struct meta_site *site = bsearch(&key, proof->sites, proof->meta->nsites,
					       sizeof(key), by_pc);

	while (site && site > proof->sites && site[-1].pc == note->pc)
		site--;
	for (; site && site < end && site->pc == note->pc; site++)
		if (!strcmp(site->provider, note->provider) && !strcmp(site->name, note->name))
			return true;
	return false;
}

static bool prove_note(const struct sdt_note *note, void *arg)
{
	struct proof *proof = arg;

	proof->nnotes++;
	if (!has_site(proof, note))
		proof->err = wrong(proof, note->pc, "note without a site of its name");
	return !proof->err;
}

static struct err *prove_notes(struct proof *proof)
{
	struct err *err = sdt_each(proof->image, prove_note, proof);

	if (!err)
		err = proof->err;
	if (!err && proof->nnotes != proof->meta->nsites)
		err = err_new("%s: %zu notes for %zu sites; inject the original again",
			      proof->image->path, proof->nnotes, proof->meta->nsites);
	return err;
}

static struct err *prove(struct proof *proof)
{
	TRY(read_detours(proof));
	TRY(prove_phdrs(proof));
	TRY(prove_inplaces(proof));
	TRY(prove_tramps(proof));
	return prove_notes(proof);
}

struct err *prove_records(const struct image *image, const struct image *original,
			  const struct meta *meta)
{
	struct proof proof = { .image = image, .original = original, .meta = meta };

	proof.sites = mem_dup(meta->sites, meta->nsites * sizeof(*meta->sites));
	qsort(proof.sites, meta->nsites, sizeof(*proof.sites), by_pc);

	struct err *err = prove(&proof);

	free(proof.sites);
	free(proof.detoured);
	free(proof.detours);
	return err;
}

struct err *prove_file(const struct image *image, const struct meta *meta)
{
	struct image *original = NULL;

	TRY(original_open(image, meta, &original));

	struct err *err = prove_records(image, original, meta);

	image_close(original);
	return err;
}
