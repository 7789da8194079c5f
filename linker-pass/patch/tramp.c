/* SPDX-License-Identifier: MIT */
/* Builds the trampolines of a plan. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/tramp.h"

#define PAGE 4096
#define JMP_LEN 5

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

/* The steps and the nop site of one probe. */
static void put_site(struct tramps *tramps, struct site *site)
{
	struct steps_skips skips = { .count = 0 };
	struct buf *out = &tramps->text;

	if (site->probe)
		steps_put(out, &tramps->data, site->probe, site->spot.depth, &skips);
	site->pc = tramps->vaddr + out->len;
	buf_put(out, tramp_nop, site->small_nop ? 1 : TRAMP_NOP_LEN);
	steps_land(out, &skips);
}

/* How far a read of 8 bytes goes through a register that a load has set; 0 if it does not. */
static size_t reads_up_to(const struct operand *op)
{
	if (op->kind != OPERAND_MEM || !plan_made_by_steps(op) || op->value < 0)
		return 0;
	return (size_t)op->value + 8;
}

static size_t zeros_size(const struct plan *plan)
{
	size_t size = 0, up_to;

	for (size_t i = 0; i < plan->nsites; i++) {
		const struct bound_probe *probe = plan->sites[i].probe;

		if (plan->sites[i].tactic != TACTIC_DETOUR)
			continue;
		for (int j = 0; probe && j < probe->nargs + probe->nsteps; j++) {
			up_to = reads_up_to(j < probe->nargs ? &probe->args[j].op
						     : &probe->steps[j - probe->nargs].from);
			size = up_to > size ? up_to : size;
		}
	}
	return size;
}

static void put_data(struct tramps *tramps, const struct plan *plan)
{
	steps_data_start(&tramps->data, &tramps->text, tramps->vaddr, zeros_size(plan));
	for (size_t i = 0; i < plan->nsites; i++)
		if (plan->sites[i].probe && plan->sites[i].tactic == TACTIC_DETOUR)
			steps_data_add(&tramps->data, &tramps->text, plan->sites[i].probe);
}

/* One trampoline for the sites first..first+n, which share a spot; at the text's end. */
static void put_tramp(struct tramps *tramps, const uint8_t *displaced, struct site *first,
		      size_t n)
{
	const struct spot *spot = &first->spot;
	uint64_t back = spot->addr + spot->len, vaddr = tramps->vaddr;
	struct buf *out = &tramps->text;

	buf_put(out, displaced, spot->pre);
	for (size_t i = 0; i < n; i++)
		put_site(tramps, &first[i]);
	buf_put(out, displaced + spot->pre, spot->len - spot->pre);
	if (first->at == DEF_RETURN && !spot->inplace)
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

	put_tramp(tramps, displaced, first, n);
	while (nops_cross_page(first, n)) {
		out->len = start;
		buf_fill(out, 0xcc, 16);
		start = out->len;
		put_tramp(tramps, displaced, first, n);
	}

	struct detour detour = { spot->addr, spot->len, tramps->vaddr + start,
				 (uint32_t)(out->len - start), first };

	bool reached = reaches(spot->addr + JMP_LEN, detour.tramp) &&
		       reaches(tramps->vaddr + out->len, spot->addr);

	for (size_t i = 0; i < n && reached; i++)
		reached = !first[i].probe || steps_reach(&tramps->data, first[i].probe);
	if (!reached)
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
	put_data(tramps, plan);
	for (size_t i = 0; i < plan->nsites && !err; i += n) {
		struct site *first = &plan->sites[i];

		n = 1;
		if (first->tactic != TACTIC_DETOUR)
			continue;
		for (; i + n < plan->nsites && first[n].spot.addr == first->spot.addr; n++)
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
	steps_data_free(&tramps->data);
	free(tramps->detours);
	free(tramps->edits);
	free(tramps);
}
