/* SPDX-License-Identifier: MIT */
/* Encoders of the few amd64 instructions that trampolines make. Displacements are 32 bits. */
#ifndef PATCH_EMIT_H
#define PATCH_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "elf/operand.h"

/* Opcodes for emit_mem() and emit_regs(). */
enum emit_op {
	EMIT_ADD = 0x03,
	EMIT_SUB = 0x2b,
	EMIT_CMP = 0x3b,      /* register with memory or register */
	EMIT_IMUL_IMM = 0x69, /* a 32-bit factor must follow */
	EMIT_TEST = 0x85,
	EMIT_MOV8 = 0x8a,
	EMIT_MOV = 0x8b,
	EMIT_LEA = 0x8d,
	EMIT_MOVZX8 = 0x0fb6,
};

/* op off(%base),%reg; `wide` is 8 bytes, else 4 */
void emit_mem(struct buf *out, bool wide, enum emit_op op, enum reg reg, enum reg base,
	      int32_t off);
/* op %rm,%reg */
void emit_regs(struct buf *out, bool wide, enum emit_op op, enum reg reg, enum reg rm);

/* lea target(%rip),%dst; out lies at `vaddr` */
void emit_lea_rip(struct buf *out, uint64_t vaddr, enum reg dst, uint64_t target);
#define EMIT_LEA_RIP_LEN 7

enum emit_imm {
	EMIT_IMM_ADD = 0,
	EMIT_IMM_OR = 1,
	EMIT_IMM_AND = 4,
	EMIT_IMM_SUB = 5,
	EMIT_IMM_CMP = 7,
};

/* op $value,%reg; the value's sign extends */
void emit_imm(struct buf *out, bool wide, enum emit_imm op, enum reg reg, uint32_t value);
/* cmp $value,off(%base), `size` bytes wide: 1, 4 or 8 */
void emit_cmp_imm_mem(struct buf *out, int size, enum reg base, int32_t off, uint32_t value);

/* Conditions of jumps. */
enum emit_cond { EMIT_B = 2, EMIT_AE = 3, EMIT_E = 4, EMIT_NE = 5, EMIT_ALWAYS = 16 };

/* A jump whose target is said later; returns its place for emit_land(). */
size_t emit_jump(struct buf *out, enum emit_cond cond);
/* The jump leads to out's end; nothing for 0. */
void emit_land(struct buf *out, size_t jump);
/* A jump back to where out's length was `target`. */
void emit_jump_back(struct buf *out, enum emit_cond cond, size_t target);

#endif
