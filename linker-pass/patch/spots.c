/* SPDX-License-Identifier: MIT */
/* Finds the places in a function where a probe can stand. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/frame.h"
#include "patch/spots.h"

#define JMP_LEN 5

/* The code of one function, decoded once from its first byte to its last. */
struct code {
	const uint8_t *bytes;
	size_t len;
	uint8_t *marks;     /* MARK_* per byte */
	uint32_t *starts;   /* offset of each instruction */
	uint32_t nstarts;
	bool has_indirect;
	bool has_tail_jump;
	bool unknown;       /* bytes that are no instruction */
};

#define MARK_START 1   /* an instruction begins here */
#define MARK_TARGET 2  /* a branch of this function leads here */
#define MARK_MOVABLE 4 /* the instruction that begins here may be moved */
#define MARK_RET 8

static void code_free(struct code *code)
{
	free(code->marks);
	free(code->starts);
}

static void code_mark_insn(struct code *code, const struct gofunc *func, size_t off,
			   const struct insn *insn)
{
	uint64_t target = insn->target - func->entry;

	code->marks[off] |= MARK_START;
	code->marks[off] |= (uint8_t)(insn->movable ? MARK_MOVABLE : 0);
	code->marks[off] |= (uint8_t)(insn->kind == INSN_RET ? MARK_RET : 0);
	code->starts[code->nstarts++] = (uint32_t)off;
	code->has_indirect |= insn->kind == INSN_JMP_INDIRECT;
	if (insn->kind != INSN_BRANCH)
		return;
	if (target < code->len)
		code->marks[target] |= MARK_TARGET;
	else
		code->has_tail_jump = true;
}

static struct code code_read(const struct insn_decoder *decoder, const struct image *image,
			     const struct gofunc *func)
{
	uint64_t len = func->end - func->entry;
	struct code code = { .bytes = image_at(image, func->entry, len), .len = len };
	struct insn insn;

	if (!code.bytes || !len || len > UINT32_MAX) {
		code.unknown = true;
		code.len = 0;
		return code;
	}
	code.marks = mem_zalloc(len);
	code.starts = mem_zalloc(len * sizeof(*code.starts));
	if (func->deferreturn && func->deferreturn < len)
		code.marks[func->deferreturn] |= MARK_TARGET;
	for (size_t off = 0; off < len; off += insn.len) {
		if (!insn_decode(decoder, code.bytes + off, len - off, func->entry + off,
				 &insn)) {
			code.unknown = true;
			break;
		}
		code_mark_insn(&code, func, off, &insn);
	}
	return code;
}

/* Whether a branch leads strictly inside [off, off + len). */
static bool target_inside(const struct code *code, size_t off, size_t len)
{
	for (size_t i = off + 1; i < off + len; i++)
		if (code->marks[i] & MARK_TARGET)
			return true;
	return false;
}

/* The start of the instruction that follows `off`, which begins one. */
static size_t next_start(const struct code *code, size_t off)
{
	for (off++; off < code->len && !(code->marks[off] & MARK_START); off++)
		;
	return off;
}

/* The common end of both kinds: the bytes are whole, reachable only at their start. */
static void spot_check(const struct code *code, struct spot *spot, size_t off, bool stretched)
{
	if (spot->len < JMP_LEN)
		spot->refusal = REFUSED_NO_ROOM;
	else if (target_inside(code, off, spot->len) || (stretched && code->has_indirect))
		spot->refusal = REFUSED_BRANCH_INTO;
}

/* Whether the in-place site at `off` is two instructions, met only one after the other. */
static bool site_is_whole(const struct code *code, size_t off, size_t site)
{
	return code->marks[off] & MARK_START && code->marks[off + 1] & MARK_START &&
	       !target_inside(code, off, site);
}

static struct spot inplace_spot(uint64_t addr, size_t len)
{
	return (struct spot){ .addr = addr, .len = (uint32_t)len, .inplace = true,
			      .fixed = len < JMP_LEN ? REFUSED_NO_STACK_CHECK : REFUSED_NONE };
}

/* A branch back to the entry's site would make the probe fire twice in a call. */
static bool find_inplace_entry(const struct code *code, const struct gofunc *func,
			       struct spot *spot_ret)
{
	size_t check = frame_stack_check(code->bytes, code->len);
	size_t site = check ? FRAME_SITE : FRAME_SMALL_SITE;

	if (!frame_is_site(code->bytes + check, code->len - check, site) ||
	    !site_is_whole(code, check, site) || code->marks[check] & MARK_TARGET)
		return false;
	*spot_ret = inplace_spot(func->entry + check, site);
	return true;
}

/* The in-place site of length `site` that belongs to the `ret` at code[ret]. */
static bool inplace_return(const struct code *code, const struct gofunc *func, size_t floor,
			   size_t ret, size_t site, struct spot *spot)
{
	size_t start;
	uint32_t depth;

	if (code->bytes[ret] != 0xc3 ||
	    !frame_return_site(code->bytes, floor, ret, site, &start, &depth) ||
	    !site_is_whole(code, start, ret + 1 - start))
		return false;
	*spot = inplace_spot(func->entry + start, site);
	spot->depth = depth;
	return true;
}

/* The function's returns, when each has its site and no branch leads past one. */
static bool find_inplace_returns(const struct code *code, const struct gofunc *func,
				 struct spots *spots)
{
	size_t check = frame_stack_check(code->bytes, code->len);
	size_t site = check ? FRAME_SITE : FRAME_SMALL_SITE;
	size_t cap = 0, floor = check;

	for (uint32_t i = 0; i < code->nstarts; i++) {
		size_t ret = code->starts[i];
		struct spot spot;

		if (!(code->marks[ret] & MARK_RET))
			continue;
		if (!inplace_return(code, func, floor, ret, site, &spot)) {
			free(spots->returns);
			spots->returns = NULL;
			spots->nreturns = 0;
			return false;
		}
		mem_grow(&spots->returns, spots->nreturns, &cap, sizeof(*spots->returns));
		spots->returns[spots->nreturns++] = spot;
		floor = ret + 1;
	}
	return spots->nreturns > 0;
}

/* The entry's instructions, behind `nops` bytes of an in-place site. */
static struct spot entry_spot(const struct code *code, const struct gofunc *func, bool nosplit,
			      size_t nops)
{
	struct spot spot = { .addr = func->entry };
	size_t check = frame_stack_check(code->bytes, code->len);
	uint32_t frame_size;

	if (!check && !nosplit) {
		spot.refusal = REFUSED_NO_STACK_CHECK;
		return spot;
	}
	check += nops;

	size_t len = frame_setup(code->bytes + check, code->len - check, &frame_size);

	spot.addr = func->entry + check;
	if (!len) {
		spot.refusal = REFUSED_NO_FRAME;
		return spot;
	}

	size_t end = check + len;

	while (end - check < JMP_LEN && end < code->len && code->marks[end] & MARK_MOVABLE)
		end = next_start(code, end);
	spot.len = (uint32_t)(end - check);
	if (!(code->marks[check] & MARK_START))
		spot.refusal = REFUSED_UNKNOWN_CODE;
	else
		spot_check(code, &spot, check, end != check + len);
	return spot;
}

/* The instruction before starts[index], when it may be moved and lies after `floor`. */
static bool can_take_previous(const struct code *code, uint32_t index, size_t floor)
{
	return index > 0 && code->starts[index - 1] >= floor &&
	       code->marks[code->starts[index - 1]] & MARK_MOVABLE;
}

/* The return whose `ret` is instruction number `index`. */
static struct spot return_spot(const struct code *code, const struct gofunc *func,
			       uint32_t index, size_t floor)
{
	size_t ret = code->starts[index];
	struct spot spot = { .addr = func->entry + ret };
	size_t len = frame_return(code->bytes, floor, ret, &spot.depth);
	size_t start = ret + 1 - len;

	while (index > 0 && code->starts[index] > start)
		index--;
	spot.addr = func->entry + start;
	spot.len = (uint32_t)len;
	if (code->starts[index] != start || code->bytes[ret] != 0xc3) {
		spot.refusal = REFUSED_NO_FRAME;
		return spot;
	}

	size_t first = start;

	while (ret + 1 - first < JMP_LEN && can_take_previous(code, index, floor))
		first = code->starts[--index];
	spot.addr = func->entry + first;
	spot.pre = (uint32_t)(start - first);
	spot.len = (uint32_t)(ret + 1 - first);
	spot_check(code, &spot, first, first != start);
	return spot;
}

static void find_plain_returns(const struct code *code, const struct gofunc *func,
			       struct spots *spots)
{
	size_t cap = 0;
	size_t floor = 0;

	if (!spots->entry.refusal)
		floor = spots->entry.addr + spots->entry.len - func->entry;
	for (uint32_t i = 0; i < code->nstarts; i++) {
		if (!(code->marks[code->starts[i]] & MARK_RET) || code->starts[i] < floor)
			continue;
		mem_grow(&spots->returns, spots->nreturns, &cap, sizeof(*spots->returns));

		struct spot spot = return_spot(code, func, i, floor);

		spots->returns[spots->nreturns++] = spot;
		floor = code->starts[i] + 1;
		if (spot.refusal && !spots->returns_refusal)
			spots->returns_refusal = spot.refusal;
	}
	if (!spots->nreturns)
		spots->returns_refusal = REFUSED_NO_RETURN;
	/* A function that can run without room on its stack is left alone altogether. */
	if (spots->entry.refusal == REFUSED_NO_STACK_CHECK ||
	    spots->entry.refusal == REFUSED_NO_FRAME)
		spots->returns_refusal = spots->entry.refusal;
	else if (spots->nreturns && code->has_tail_jump)
		spots->returns_refusal = REFUSED_TAIL_CALL;
}

static struct spots spots_in(const struct code *code, const struct gofunc *func, bool nosplit)
{
	struct spots spots = { 0 };
	struct spot inplace;
	bool found = find_inplace_entry(code, func, &inplace);

	spots.entry = entry_spot(code, func, nosplit, found ? inplace.len : 0);
	if (!find_inplace_returns(code, func, &spots))
		find_plain_returns(code, func, &spots);
	else if (code->has_tail_jump)
		spots.returns_refusal = REFUSED_TAIL_CALL;
	if (found)
		spots.entry = inplace;
	return spots;
}

/*
 * The packages whose code the FIPS 140 self-test hashes: cmd/internal/obj/fips140.go. It does so
 * in memory when the program starts, so that it would find a tracer's breakpoint, at a nop as well.
 */
static bool in_fips_range(const char *name)
{
	return !strncmp(name, "crypto/internal/fips140/", 24) ||
	       !strncmp(name, "crypto/internal/fips140.", 24);
}

static void refuse_all(struct spots *spots, enum refusal refusal)
{
	spots->entry.refusal = refusal;
	spots->returns_refusal = refusal;
}

void spots_find(const struct insn_decoder *decoder, const struct image *image,
		const struct gofunc *func, bool nosplit, struct spots *spots_ret)
{
	struct spots spots = { .entry.addr = func->entry };

	if (func->flag & GOFUNC_FLAG_ASM) {
		refuse_all(&spots, REFUSED_NO_STACK_CHECK);
	} else if (in_fips_range(func->name)) {
		refuse_all(&spots, REFUSED_FIPS);
	} else {
		struct code code = code_read(decoder, image, func);

		if (code.unknown)
			refuse_all(&spots, REFUSED_UNKNOWN_CODE);
		else
			spots = spots_in(&code, func, nosplit);
		code_free(&code);
	}
	*spots_ret = spots;
}

void spots_free(struct spots *spots)
{
	free(spots->returns);
	*spots = (struct spots){ 0 };
}
