/* SPDX-License-Identifier: MIT */
/* Encoders of amd64 instructions (Intel SDM, volume 2). */
#include <string.h>

#include "patch/emit.h"

static void put_opcode(struct buf *out, bool wide, unsigned op, enum reg reg, enum reg rm)
{
	buf_u8(out, (uint8_t)(0x40 | wide << 3 | (reg >= REG_R8) << 2 | (rm >= REG_R8)));
	if (op > 0xff)
		buf_u8(out, (uint8_t)(op >> 8));
	buf_u8(out, (uint8_t)op);
}

/* An instruction with an operand in memory; `reg` may also be the opcode's extension. */
static void put_mem(struct buf *out, bool wide, unsigned op, enum reg reg, enum reg base,
		    int32_t off)
{
	put_opcode(out, wide, op, reg, base);
	buf_u8(out, (uint8_t)(0x80 | (reg & 7) << 3 | (base & 7)));
	if ((base & 7) == REG_RSP)
		buf_u8(out, 0x24);
	buf_u32(out, (uint32_t)off);
}

static void put_regs(struct buf *out, bool wide, unsigned op, enum reg reg, enum reg rm)
{
	put_opcode(out, wide, op, reg, rm);
	buf_u8(out, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

void emit_mem(struct buf *out, bool wide, enum emit_op op, enum reg reg, enum reg base,
	      int32_t off)
{
	put_mem(out, wide, op, reg, base, off);
}

void emit_regs(struct buf *out, bool wide, enum emit_op op, enum reg reg, enum reg rm)
{
	put_regs(out, wide, op, reg, rm);
}

void emit_lea_rip(struct buf *out, uint64_t vaddr, enum reg dst, uint64_t target)
{
	put_opcode(out, true, EMIT_LEA, dst, REG_RAX);
	buf_u8(out, (uint8_t)(0x05 | (dst & 7) << 3));
	buf_u32(out, (uint32_t)(target - (vaddr + out->len + 4)));
}

void emit_imm(struct buf *out, bool wide, enum emit_imm op, enum reg reg, uint32_t value)
{
	put_regs(out, wide, 0x81, (enum reg)op, reg);
	buf_u32(out, value);
}

void emit_cmp_imm_mem(struct buf *out, int size, enum reg base, int32_t off, uint32_t value)
{
	put_mem(out, size == 8, size == 1 ? 0x80 : 0x81, (enum reg)EMIT_IMM_CMP, base, off);
	if (size == 1)
		buf_u8(out, (uint8_t)value);
	else
		buf_u32(out, value);
}

size_t emit_jump(struct buf *out, enum emit_cond cond)
{
	if (cond == EMIT_ALWAYS) {
		buf_u8(out, 0xe9);
	} else {
		buf_u8(out, 0x0f);
		buf_u8(out, (uint8_t)(0x80 + cond));
	}
	buf_u32(out, 0);
	return out->len - 4;
}

static void set_target(struct buf *out, size_t jump, size_t target)
{
	uint32_t distance = (uint32_t)(target - (jump + 4));

	memcpy(out->data + jump, &distance, sizeof(distance));
}

void emit_land(struct buf *out, size_t jump)
{
	if (jump)
		set_target(out, jump, out->len);
}

void emit_jump_back(struct buf *out, enum emit_cond cond, size_t target)
{
	set_target(out, emit_jump(out, cond), target);
}
