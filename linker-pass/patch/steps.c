/* SPDX-License-Identifier: MIT */
/* Emits the steps of trampolines. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/steps.h"

/* Where a step reads, with %rsp as it is at the site. */
struct source {
	enum reg reg;
	int32_t off;
	bool in_reg;
};

static struct source source_of(const struct operand *from, uint32_t depth)
{
	struct source source = { from->reg, (int32_t)from->value, from->kind == OPERAND_REG };

	if (from->reg == REG_ENTRY_SP) {
		source.reg = REG_RSP;
		source.off += (int32_t)depth;
	}
	return source;
}

/* Whether a register that a step reads through can hold 0: not the goroutine, the stack
 * pointer, or what an earlier step made. */
static bool may_be_nil(enum reg reg)
{
	return reg != REG_R14 && reg != REG_R12 && reg != REG_R13 && reg != REG_RSP;
}

static uint8_t rex(bool wide, enum reg reg, enum reg rm)
{
	return (uint8_t)(0x40 | wide << 3 | (reg >= REG_R8) << 2 | (rm >= REG_R8));
}

/* opcode reg, off(%base) */
static void put_mem(struct buf *out, bool wide, uint8_t opcode, enum reg reg, enum reg base,
		    int32_t off)
{
	buf_u8(out, rex(wide, reg, base));
	buf_u8(out, opcode);
	buf_u8(out, (uint8_t)(0x80 | (reg & 7) << 3 | (base & 7)));
	if ((base & 7) == REG_RSP)
		buf_u8(out, 0x24);
	buf_u32(out, (uint32_t)off);
}

/* opcode reg, rm: both registers */
static void put_regs(struct buf *out, bool wide, uint8_t opcode, enum reg reg, enum reg rm)
{
	buf_u8(out, rex(wide, reg, rm));
	buf_u8(out, opcode);
	buf_u8(out, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

static void put_test(struct buf *out, enum reg reg)
{
	put_regs(out, true, 0x85, reg, reg);
}

#define LEA_LEN 7

/* lea target(%rip),%dst */
static void put_lea(struct buf *out, uint64_t vaddr, enum reg dst, uint64_t target)
{
	buf_u8(out, rex(true, dst, REG_RAX));
	buf_u8(out, 0x8d);
	buf_u8(out, (uint8_t)(0x05 | (dst & 7) << 3));
	buf_u32(out, (uint32_t)(target - (vaddr + out->len + 4)));
}

enum { JZ = 0x74, JNZ = 0x75 };

/* A short jump whose target here() sets. */
static size_t put_jump(struct buf *out, uint8_t opcode)
{
	buf_u8(out, opcode);
	buf_u8(out, 0);
	return out->len - 1;
}

static void here(struct buf *out, size_t jump)
{
	if (jump)
		out->data[jump] = (uint8_t)(out->len - jump - 1);
}

/* test %base,%base ; jz; 0 when base is never nil */
static size_t put_unless_nil(struct buf *out, const struct source *source)
{
	if (source->in_reg || !may_be_nil(source->reg))
		return 0;
	put_test(out, source->reg);
	return put_jump(out, JZ);
}

/*
 *	[lea zeros,%dst ; test %base,%base ; jz 1f]   when base can be nil
 *	mov off(%base),%dst ; test %dst,%dst ; jnz 1f ; lea zeros,%dst
 *   1:
 */
static void put_load(struct buf *out, const struct steps_data *data, enum reg dst,
		     const struct source *source)
{
	uint64_t zeros = data->vaddr + data->zeros;
	size_t is_nil = 0, loaded;

	if (may_be_nil(source->reg)) {
		put_lea(out, data->vaddr, dst, zeros);
		is_nil = put_unless_nil(out, source);
	}
	put_mem(out, true, 0x8b, dst, source->reg, source->off);
	put_test(out, dst);
	loaded = put_jump(out, JNZ);
	put_lea(out, data->vaddr, dst, zeros);
	here(out, loaded);
	here(out, is_nil);
}

/*
 * A table begins at a multiple of 256, so the low byte of an address in it is the index.
 *
 *	lea table,%dst ; [test %base,%base ; jz 1f]
 *	mov %raw,%dst.b | mov off(%base),%dst.b
 *   1: movzbl 0(%dst),%dst.d
 */
static void put_number(struct buf *out, const struct steps_data *data, enum reg dst,
		       const struct source *source, const struct def_enum *numbers)
{
	uint64_t table = 0;
	size_t is_nil;

	for (size_t i = 0; i < data->ntables; i++)
		if (data->tables[i].numbers == numbers)
			table = data->vaddr + data->tables[i].off;
	put_lea(out, data->vaddr, dst, table);
	is_nil = put_unless_nil(out, source);
	if (source->in_reg)
		put_regs(out, false, 0x8a, dst, source->reg);
	else
		put_mem(out, false, 0x8a, dst, source->reg, source->off);
	here(out, is_nil);
	buf_u8(out, rex(false, dst, dst));
	buf_u8(out, 0x0f);
	buf_u8(out, 0xb6);
	buf_u8(out, (uint8_t)(0x40 | (dst & 7) << 3 | (dst & 7)));
	if ((dst & 7) == REG_RSP)
		buf_u8(out, 0x24);
	buf_u8(out, 0);
}

/* test %reg,%reg ; jnz or jz, in their long form */
size_t steps_put_condition(struct buf *out, const struct bound_probe *probe)
{
	if (probe->when == WHEN_ALWAYS)
		return 0;
	put_test(out, probe->when_reg);
	buf_u8(out, 0x0f);
	buf_u8(out, probe->when == WHEN_NIL ? 0x85 : 0x84);
	buf_u32(out, 0);
	return out->len;
}

void steps_end_condition(struct buf *out, size_t jump)
{
	uint32_t distance = (uint32_t)(out->len - jump);

	if (jump)
		memcpy(out->data + jump - sizeof(distance), &distance, sizeof(distance));
}

void steps_put(struct buf *out, const struct steps_data *data, const struct bound_probe *probe,
	       uint32_t depth)
{
	for (int i = 0; i < probe->nsteps; i++) {
		const struct bound_step *step = &probe->steps[i];
		struct source source = source_of(&step->from, depth);

		switch (step->kind) {
		case STEP_LOAD:
			put_load(out, data, step->dst, &source);
			break;
		case STEP_NUMBER:
			put_number(out, data, step->dst, &source, step->numbers);
			break;
		}
	}
}

void steps_data_start(struct steps_data *data, struct buf *out, uint64_t vaddr, size_t top)
{
	*data = (struct steps_data){ .vaddr = vaddr };
	buf_align(out, 16, 0xcc);
	data->zeros = out->len;
	if (top)
		buf_fill(out, 0, (top + 8 + 15) & ~(size_t)15);
}

void steps_data_add(struct steps_data *data, struct buf *out, const struct bound_probe *probe)
{
	for (int i = 0; i < probe->nsteps; i++) {
		const struct bound_step *step = &probe->steps[i];
		uint8_t table[DEF_ENUM_CODES];
		bool there = step->kind != STEP_NUMBER;

		for (size_t j = 0; j < data->ntables && !there; j++)
			there = data->tables[j].numbers == step->numbers;
		if (there || !def_enum_table(step->numbers, step->minor, table))
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
