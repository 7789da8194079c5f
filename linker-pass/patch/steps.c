/* SPDX-License-Identifier: MIT */
/* Emits the steps of trampolines. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/emit.h"
#include "patch/steps.h"

/* What the emission of one site's steps shares. */
struct emission {
	struct buf *out;
	const struct steps_data *data;
	const struct bound_probe *probe;
	uint32_t depth;
	struct steps_skips *skips;
};

/* Where a step reads, with %rsp as it is at the site. */
struct source {
	enum reg reg;
	int32_t off;
	bool in_reg;
};

static struct source source_of(const struct emission *em, const struct operand *from)
{
	struct source source = { from->reg, (int32_t)from->value, from->kind == OPERAND_REG };

	if (from->reg == REG_ENTRY_SP) {
		source.reg = REG_RSP;
		source.off += (int32_t)em->depth;
	}
	return source;
}

/* Whether a register that a step reads through can hold 0: not the goroutine, the stack
 * pointer, or what an earlier step made. */
static bool may_be_nil(enum reg reg)
{
	return reg != REG_R14 && reg != REG_R12 && reg != REG_R13 && reg != REG_RSP;
}

/* test %base,%base ; jz; 0 when base is never nil */
static size_t put_unless_nil(struct buf *out, const struct source *source)
{
	if (source->in_reg || !may_be_nil(source->reg))
		return 0;
	emit_regs(out, true, EMIT_TEST, source->reg, source->reg);
	return emit_jump(out, EMIT_E);
}

static void add_skip(struct steps_skips *skips, size_t jump)
{
	if (jump)
		skips->jumps[skips->count++] = jump;
}

static void put_skip(struct buf *out, enum emit_cond cond, struct steps_skips *skips)
{
	add_skip(skips, emit_jump(out, cond));
}

void steps_land(struct buf *out, const struct steps_skips *skips)
{
	for (int i = 0; i < skips->count; i++)
		emit_land(out, skips->jumps[i]);
}

/*
 *	[lea zeros,%dst ; test %base,%base ; jz 1f]   when base can be nil
 *	mov off(%base),%dst ; test %dst,%dst ; jnz 1f ; lea zeros,%dst
 *   1:
 */
static void put_load(const struct emission *em, const struct bound_step *step)
{
	uint64_t vaddr = em->data->vaddr, zeros = vaddr + em->data->zeros;
	struct source source = source_of(em, &step->from);
	struct buf *out = em->out;
	enum reg dst = step->dst;
	size_t is_nil = 0, loaded;

	if (may_be_nil(source.reg)) {
		emit_lea_rip(out, vaddr, dst, zeros);
		is_nil = put_unless_nil(out, &source);
	}
	emit_mem(out, true, EMIT_MOV, dst, source.reg, source.off);
	emit_regs(out, true, EMIT_TEST, dst, dst);
	loaded = emit_jump(out, EMIT_NE);
	emit_lea_rip(out, vaddr, dst, zeros);
	emit_land(out, loaded);
	emit_land(out, is_nil);
}

static uint64_t table_of(const struct steps_data *data, const struct def_enum *numbers)
{
	for (size_t i = 0; i < data->ntables; i++)
		if (data->tables[i].numbers == numbers)
			return data->vaddr + data->tables[i].off;
	return 0;
}

/*
 * A table begins at a multiple of 256, so the low byte of an address in it is the index.
 *
 *	lea table,%dst ; [test %base,%base ; jz 1f]
 *	mov %raw,%dst.b | mov off(%base),%dst.b
 *   1: movzbl 0(%dst),%dst.d
 */
static void put_number(const struct emission *em, const struct bound_step *step)
{
	struct source source = source_of(em, &step->from);
	struct buf *out = em->out;
	enum reg dst = step->dst;
	size_t is_nil;

	emit_lea_rip(out, em->data->vaddr, dst, table_of(em->data, step->numbers));
	is_nil = put_unless_nil(out, &source);
	if (source.in_reg)
		emit_regs(out, false, EMIT_MOV8, dst, source.reg);
	else
		emit_mem(out, false, EMIT_MOV8, dst, source.reg, source.off);
	emit_land(out, is_nil);
	emit_mem(out, false, EMIT_MOVZX8, dst, dst, 0);
}

/*
 *	lea zeros,%dst ; test %itab,%itab ; jz 2f
 *	lea ITAB,%dst ; cmp %itab,%dst ; je 1f      for each
 *	lea zeros,%dst ; jmp 2f
 *   1: mov %data,%dst
 *   2:
 */
static void put_errtext(const struct emission *em, const struct bound_step *step)
{
	uint64_t vaddr = em->data->vaddr, zeros = vaddr + em->data->zeros;
	enum reg itab = step->from.reg, dst = step->dst;
	struct steps_skips same = { .count = 0 };
	struct buf *out = em->out;
	size_t none, other;

	emit_lea_rip(out, vaddr, dst, zeros);
	emit_regs(out, true, EMIT_TEST, itab, itab);
	none = emit_jump(out, EMIT_E);
	for (size_t i = 0; i < step->nitabs; i++) {
		emit_lea_rip(out, vaddr, dst, step->itabs[i]);
		emit_regs(out, true, EMIT_CMP, dst, itab);
		put_skip(out, EMIT_E, &same);
	}
	emit_lea_rip(out, vaddr, dst, zeros);
	other = emit_jump(out, EMIT_ALWAYS);
	steps_land(out, &same);
	emit_regs(out, true, EMIT_MOV, dst, step->len.reg);
	emit_land(out, none);
	emit_land(out, other);
}

/* test %reg,%reg ; jnz or jz skip */
static void put_nil(const struct emission *em, const struct bound_step *step)
{
	emit_regs(em->out, true, EMIT_TEST, step->from.reg, step->from.reg);
	put_skip(em->out, step->kind == STEP_NIL ? EMIT_NE : EMIT_E, em->skips);
}

/*
 * %r12 = the caller's return address, which lies above the frame pointer that the caller had
 * at the call: %rbp at an entry, saved below this function's return address at a return
 * (%rbp itself is wrong there after a recovered panic up to Go 1.21). What calls this
 * function has a frame, since it calls; assembly need not keep to it, so what is read is a
 * word of the goroutine's stack, and no other.
 *
 *	mov %rbp,%r12 | mov depth-8(%rsp),%r12 ; add $8,%r12 ; and $-8,%r12
 *	cmp 0(%r14),%r12 ; jb skip ; cmp 8(%r14),%r12 ; jae skip     g.stack.lo and hi
 *	mov 0(%r12),%r12
 */
static void put_callers_return(const struct emission *em)
{
	struct buf *out = em->out;

	if (em->probe->variant->at == DEF_ENTRY)
		emit_regs(out, true, EMIT_MOV, REG_R12, REG_RBP);
	else
		emit_mem(out, true, EMIT_MOV, REG_R12, REG_RSP, (int32_t)em->depth - 8);
	emit_imm(out, true, EMIT_IMM_ADD, REG_R12, 8);
	emit_imm(out, true, EMIT_IMM_AND, REG_R12, (uint32_t)-8);
	emit_mem(out, true, EMIT_CMP, REG_R12, REG_R14, 0);
	put_skip(out, EMIT_B, em->skips);
	emit_mem(out, true, EMIT_CMP, REG_R12, REG_R14, 8);
	put_skip(out, EMIT_AE, em->skips);
	emit_mem(out, true, EMIT_MOV, REG_R12, REG_R12, 0);
}

/*
 *	lea func,%r13 ; mov depth(%rsp),%r12 ; sub %r13,%r12 ; cmp $size,%r12 ; jb 1f
 *	[the caller's return address] ; sub %r13,%r12 ; cmp $size,%r12 ; jae skip
 *   1:
 */
static void put_within(const struct emission *em, const struct bound_step *step)
{
	uint32_t size = (uint32_t)(step->func->end - step->func->entry);
	struct buf *out = em->out;
	size_t inside;

	emit_lea_rip(out, em->data->vaddr, REG_R13, step->func->entry);
	emit_mem(out, true, EMIT_MOV, REG_R12, REG_RSP, (int32_t)em->depth);
	emit_regs(out, true, EMIT_SUB, REG_R12, REG_R13);
	emit_imm(out, true, EMIT_IMM_CMP, REG_R12, size);
	inside = emit_jump(out, EMIT_B);
	put_callers_return(em);
	emit_regs(out, true, EMIT_SUB, REG_R12, REG_R13);
	emit_imm(out, true, EMIT_IMM_CMP, REG_R12, size);
	put_skip(out, EMIT_AE, em->skips);
	emit_land(out, inside);
}

/* A piece of a text as an immediate, and the bit in which its letters differ from upper
 * case. */
struct piece {
	int at, size;
	uint32_t bytes, case_bits;
};

/* Pieces of four bytes, the last overlapping; of one when the text is shorter than that. */
static bool next_piece(const char *text, struct piece *piece)
{
	int len = (int)strlen(text), size = len < 4 ? 1 : 4;
	int at = piece->size ? piece->at + size : 0;

	if (at >= len)
		return false;
	*piece = (struct piece){ .at = at + size > len ? len - size : at, .size = size };
	for (int i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[piece->at + i];

		piece->bytes |= (uint32_t)byte << 8 * i;
		if (islower(byte))
			piece->case_bits |= 0x20u << 8 * i;
	}
	return true;
}

/*
 *	cmp $len+1,%len ; jb skip
 *	mov i(%ptr),%r12d ; or $case,%r12d ; cmp $bytes,%r12d ; jne skip     for "name:"
 *	lea len+1(%ptr),%r12 ; lea -len-1(%len),%r13
 *   1: test %r13,%r13 ; jz 3f ; cmp $' ',0(%r12) ; je 2f ; cmp $'\t',0(%r12) ; jne 3f
 *   2: add $1,%r12 ; sub $1,%r13 ; jmp 1b
 *   3:
 */
static void put_header(const struct emission *em, const struct bound_step *step)
{
	enum reg ptr = step->from.reg, len = step->len.reg;
	char text[EXPR_MAX_TEXT + 2];
	struct piece piece = { 0 };
	struct buf *out = em->out;
	size_t again, empty, space, other;

	snprintf(text, sizeof(text), "%s:", step->name);
	emit_imm(out, true, EMIT_IMM_CMP, len, (uint32_t)strlen(text));
	put_skip(out, EMIT_B, em->skips);
	while (next_piece(text, &piece)) {
		emit_mem(out, false, piece.size == 1 ? EMIT_MOVZX8 : EMIT_MOV, REG_R12, ptr,
			 piece.at);
		emit_imm(out, false, EMIT_IMM_OR, REG_R12, piece.case_bits);
		emit_imm(out, false, EMIT_IMM_CMP, REG_R12, piece.bytes);
		put_skip(out, EMIT_NE, em->skips);
	}
	emit_mem(out, true, EMIT_LEA, REG_R12, ptr, (int32_t)strlen(text));
	emit_mem(out, true, EMIT_LEA, REG_R13, len, -(int32_t)strlen(text));
	again = out->len;
	emit_regs(out, true, EMIT_TEST, REG_R13, REG_R13);
	empty = emit_jump(out, EMIT_E);
	emit_cmp_imm_mem(out, 1, REG_R12, 0, ' ');
	space = emit_jump(out, EMIT_E);
	emit_cmp_imm_mem(out, 1, REG_R12, 0, '\t');
	other = emit_jump(out, EMIT_NE);
	emit_land(out, space);
	emit_imm(out, true, EMIT_IMM_ADD, REG_R12, 1);
	emit_imm(out, true, EMIT_IMM_SUB, REG_R13, 1);
	emit_jump_back(out, EMIT_ALWAYS, again);
	emit_land(out, empty);
	emit_land(out, other);
}

/* %r13 = the end of the slice at off(%base) */
static void put_slice_end(struct buf *out, const struct source *slice, int32_t stride)
{
	emit_mem(out, true, EMIT_IMUL_IMM, REG_R13, slice->reg, slice->off + 8);
	buf_u32(out, (uint32_t)stride);
	emit_mem(out, true, EMIT_ADD, REG_R13, slice->reg, slice->off);
}

/*
 *	[test %base,%base ; jz skip]
 *	mov off(%base),%r12
 *   1: imul $stride,off+8(%base),%r13 ; add off(%base),%r13 ; cmp %r13,%r12 ; jae skip
 *	cmp $len,name_off+8(%r12) ; jne 2f ; mov name_off(%r12),%r13
 *	cmp $bytes,i(%r13) ; jne 2f
 *	jmp 3f
 *   2: add $stride,%r12 ; jmp 1b
 *   3:
 */
static void put_field(const struct emission *em, const struct bound_step *step)
{
	struct source slice = source_of(em, &step->from);
	struct steps_skips other = { .count = 0 };
	struct piece piece = { 0 };
	struct buf *out = em->out;
	size_t again, found;

	add_skip(em->skips, put_unless_nil(out, &slice));
	emit_mem(out, true, EMIT_MOV, REG_R12, slice.reg, slice.off);
	again = out->len;
	put_slice_end(out, &slice, step->stride);
	emit_regs(out, true, EMIT_CMP, REG_R12, REG_R13);
	put_skip(out, EMIT_AE, em->skips);
	emit_cmp_imm_mem(out, 8, REG_R12, step->name_off + 8, (uint32_t)strlen(step->name));
	put_skip(out, EMIT_NE, &other);
	emit_mem(out, true, EMIT_MOV, REG_R13, REG_R12, step->name_off);
	while (next_piece(step->name, &piece)) {
		emit_cmp_imm_mem(out, piece.size, REG_R13, piece.at, piece.bytes);
		put_skip(out, EMIT_NE, &other);
	}
	found = emit_jump(out, EMIT_ALWAYS);
	steps_land(out, &other);
	emit_imm(out, true, EMIT_IMM_ADD, REG_R12, (uint32_t)step->stride);
	emit_jump_back(out, EMIT_ALWAYS, again);
	emit_land(out, found);
}

void steps_put(struct buf *out, const struct steps_data *data, const struct bound_probe *probe,
	       uint32_t depth, struct steps_skips *skips_ret)
{
	static void (*const put[])(const struct emission *, const struct bound_step *) = {
		[STEP_LOAD] = put_load,     [STEP_NUMBER] = put_number, [STEP_WITHIN] = put_within,
		[STEP_HEADER] = put_header, [STEP_FIELD] = put_field,   [STEP_NIL] = put_nil,
		[STEP_NOT_NIL] = put_nil,   [STEP_ERRTEXT] = put_errtext,
	};
	struct emission em = { out, data, probe, depth, skips_ret };

	skips_ret->count = 0;
	for (int i = 0; i < probe->nsteps; i++)
		put[probe->steps[i].kind](&em, &probe->steps[i]);
}

static bool in_reach(uint64_t from, uint64_t target)
{
	int64_t distance = (int64_t)(target - from);

	return distance > INT32_MIN / 2 && distance < INT32_MAX / 2;
}

bool steps_reach(const struct steps_data *data, const struct bound_probe *probe)
{
	for (int i = 0; i < probe->nsteps; i++) {
		const struct bound_step *step = &probe->steps[i];

		if (step->func && !in_reach(data->vaddr, step->func->entry))
			return false;
		for (size_t j = 0; j < step->nitabs; j++)
			if (!in_reach(data->vaddr, step->itabs[j]))
				return false;
	}
	return true;
}

void steps_data_start(struct steps_data *data, struct buf *out, uint64_t vaddr, size_t size)
{
	*data = (struct steps_data){ .vaddr = vaddr };
	buf_align(out, 16, 0xcc);
	data->zeros = out->len;
	buf_fill(out, 0, (size + 15) & ~(size_t)15);
}

void steps_data_add(struct steps_data *data, struct buf *out, const struct bound_probe *probe)
{
	for (int i = 0; i < probe->nsteps; i++) {
		const struct bound_step *step = &probe->steps[i];
		uint8_t table[DEF_ENUM_CODES];

		if (step->kind != STEP_NUMBER || table_of(data, step->numbers) ||
		    !def_enum_table(step->numbers, step->minor, table))
			continue;
		buf_align(out, DEF_ENUM_CODES, 0);
		mem_grow(&data->tables, data->ntables, &data->tables_cap, sizeof(*data->tables));
		data->tables[data->ntables++] = (struct steps_table){ step->numbers, out->len };
		buf_put(out, table, sizeof(table));
	}
}

void steps_data_free(struct steps_data *data)
{
	free(data->tables);
	*data = (struct steps_data){ 0 };
}
