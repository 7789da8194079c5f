/* SPDX-License-Identifier: MIT */
/* Builds the trampolines of a plan. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/tramp.h"

#define PAGE 4096
#define JMP_LEN 5
#define ZEROS_OFF 16

/*
 * A 1-byte nop, which every kernel emulates, then the 10-byte one that newer kernels can
 * turn into a call and libbpf from 2026 on looks for behind it.
 */
const uint8_t tramp_nop[TRAMP_NOP_LEN] = { 0x90, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 };

static void put_rel32(struct buf *out, uint64_t from_end, uint64_t target)
{
	buf_u32(out, (uint32_t)(target - from_end));
}

static bool reaches(uint64_t from_end, uint64_t target)
{
	int64_t distance = (int64_t)(target - from_end);

	return distance >= INT32_MIN && distance <= INT32_MAX;
}

/* mov off(%base),%dst, 8 bytes wide */
static void put_load(struct buf *out, enum reg dst, enum reg base, int64_t off)
{
	buf_u8(out, (uint8_t)(0x48 | (dst >= REG_R8) << 2 | (base >= REG_R8)));
	buf_u8(out, 0x8b);
	buf_u8(out, (uint8_t)(0x80 | (dst & 7) << 3 | (base & 7)));
	if ((base & 7) == 4)
		buf_u8(out, 0x24);
	buf_u32(out, (uint32_t)off);
}

/* test %reg,%reg */
static void put_test(struct buf *out, enum reg reg)
{
	buf_u8(out, (uint8_t)(0x48 | (reg >= REG_R8) << 2 | (reg >= REG_R8)));
	buf_u8(out, 0x85);
	buf_u8(out, (uint8_t)(0xc0 | (reg & 7) << 3 | (reg & 7)));
}

#define LEA_ZEROS_LEN 7

/* lea zeros(%rip),%dst */
static void put_lea_zeros(struct buf *out, uint64_t vaddr, enum reg dst)
{
	buf_u8(out, (uint8_t)(0x48 | (dst >= REG_R8) << 2));
	buf_u8(out, 0x8d);
	buf_u8(out, (uint8_t)(0x05 | (dst & 7) << 3));
	put_rel32(out, vaddr + out->len + 4, vaddr + ZEROS_OFF);
}

/*
 *	[lea zeros,%dst ; test %base,%base ; jz 1f]   when base can be nil
 *	mov off(%base),%dst ; test %dst,%dst ; jnz 1f ; lea zeros,%dst
 *   1:
 * %r14 is never nil; %r12 and %r13 come out of an earlier load, never 0.
 */
static void put_nil_checked_load(struct buf *out, uint64_t vaddr,
				 const struct operand_load *load, enum reg base)
{
	bool never_nil = base == REG_R14 || base == REG_R12 || base == REG_R13 ||
			 base == REG_RSP;
	size_t skip = 0;

	if (!never_nil) {
		put_lea_zeros(out, vaddr, load->dst);
		put_test(out, base);
		buf_u8(out, 0x74);
		skip = out->len;
		buf_u8(out, 0);
	}
	put_load(out, load->dst, base, load->offset);
	put_test(out, load->dst);
	buf_u8(out, 0x75);
	buf_u8(out, LEA_ZEROS_LEN);
	put_lea_zeros(out, vaddr, load->dst);
	if (skip)
		out->data[skip] = (uint8_t)(out->len - skip - 1);
}

static void put_loads(struct buf *out, uint64_t vaddr, const struct site *site)
{
	for (int i = 0; site->probe && i < site->probe->nloads; i++) {
		struct operand_load load = site->probe->loads[i];
		enum reg base = load.base;

		if (base == REG_ENTRY_SP) {
			base = REG_RSP;
			load.offset += site->spot.depth;
		}
		put_nil_checked_load(out, vaddr, &load, base);
	}
}

/* Highest offset that any note reads through a register a load has set, plus 8. */
static size_t zeros_needed(const struct plan *plan)
{
	int64_t top = 0;

	for (size_t i = 0; i < plan->nsites; i++) {
		const struct bound_probe *probe = plan->sites[i].probe;

		if (!probe || !probe->nloads)
			continue;
		for (int j = 0; j < probe->nargs; j++)
			if (probe->args[j].op.value > top)
				top = probe->args[j].op.value;
		for (int j = 0; j < probe->nloads; j++)
			if (probe->loads[j].offset > top)
				top = probe->loads[j].offset;
	}
	return top ? ((size_t)top + 8 + 15) & ~(size_t)15 : 0;
}

/* One trampoline for the sites first..first+n, which share a spot; at out's end. */
static void put_tramp(struct buf *out, uint64_t vaddr, const uint8_t *displaced,
		      struct site *first, size_t n)
{
	const struct spot *spot = &first->spot;
	uint64_t back = spot->addr + spot->len;

	buf_put(out, displaced, spot->pre);
	for (size_t i = 0; i < n; i++) {
		put_loads(out, vaddr, &first[i]);
		first[i].pc = vaddr + out->len;
		buf_put(out, tramp_nop, first[i].small_nop ? 1 : TRAMP_NOP_LEN);
	}
	buf_put(out, displaced + spot->pre, spot->len - spot->pre);
	if (first->at == DEF_RETURN)
		return;
	buf_u8(out, 0xe9);
	put_rel32(out, vaddr + out->len + 4, back);
}

static bool nops_cross_page(const struct site *first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (first[i].pc % PAGE > PAGE - TRAMP_NOP_LEN)
			return true;
	return false;
}

static struct edit jump_edit(uint64_t off, const struct detour *detour)
{
	struct buf code = { 0 };

	buf_u8(&code, 0xe9);
	put_rel32(&code, detour->addr + JMP_LEN, detour->tramp);
	buf_fill(&code, 0xcc, detour->len - JMP_LEN);
	return (struct edit){ .off = off, .len = detour->len, .bytes = code.data };
}

static struct err *add_detour(const struct image *image, struct tramps *tramps,
			      struct site *first, size_t n)
{
	const struct spot *spot = &first->spot;
	const uint8_t *displaced = image_at(image, spot->addr, spot->len);
	struct buf *out = &tramps->text;
	uint64_t off;

	if (!displaced || !image_offset(image, spot->addr, &off))
		return err_new("%s: function %s at 0x%llx has no bytes in the file", image->path,
			       first->func->name, (unsigned long long)spot->addr);
	buf_align(out, 16, 0xcc);

	size_t start = out->len;

	put_tramp(out, tramps->vaddr, displaced, first, n);
	while (nops_cross_page(first, n)) {
		out->len = start;
		buf_fill(out, 0xcc, 16);
		start = out->len;
		put_tramp(out, tramps->vaddr, displaced, first, n);
	}

	struct detour detour = { spot->addr, spot->len, tramps->vaddr + start,
				 (uint32_t)(out->len - start), first };

	if (!reaches(spot->addr + JMP_LEN, detour.tramp) ||
	    !reaches(tramps->vaddr + out->len, spot->addr))
		return err_new("%s: function %s: %s", image->path, first->func->name,
			       refusal_text(REFUSED_TOO_FAR));
	tramps->edits[tramps->ndetours] = jump_edit(off, &detour);
	tramps->detours[tramps->ndetours++] = detour;
	return NULL;
}

struct err *tramp_build(const struct image *image, struct plan *plan, uint64_t vaddr,
			struct tramps **tramps_ret)
{
	struct tramps *tramps = mem_zalloc(sizeof(*tramps));
	struct err *err = NULL;
	size_t n;

	tramps->vaddr = vaddr;
	tramps->detours = mem_zalloc((plan->nsites + 1) * sizeof(*tramps->detours));
	tramps->edits = mem_zalloc((plan->nsites + 1) * sizeof(*tramps->edits));
	buf_u8(&tramps->text, 0);
	buf_align(&tramps->text, ZEROS_OFF, 0xcc);
	buf_fill(&tramps->text, 0, zeros_needed(plan));
	for (size_t i = 0; i < plan->nsites && plan->mode == PLAN_DETOUR && !err; i += n) {
		struct site *first = &plan->sites[i];

		for (n = 1; i + n < plan->nsites && first[n].spot.addr == first->spot.addr; n++)
			;
		err = add_detour(image, tramps, first, n);
	}
	if (err) {
		tramp_free(tramps);
		return err;
	}
	*tramps_ret = tramps;
	return NULL;
}

void tramp_free(struct tramps *tramps)
{
	if (!tramps)
		return;
	for (size_t i = 0; i < tramps->ndetours; i++)
		free(tramps->edits[i].bytes);
	buf_free(&tramps->text);
	free(tramps->detours);
	free(tramps->edits);
	free(tramps);
}
