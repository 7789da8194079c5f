/* SPDX-License-Identifier: MIT */
/*
 * An argument as a tracer reads it at a site: a constant, a register, or one dereference.
 * The same struct is what SDT notes are written from and parsed into (elf/sdt.h).
 */
#ifndef ELF_OPERAND_H
#define ELF_OPERAND_H

#include <stdbool.h>
#include <stdint.h>

/* amd64 registers in their machine encoding; the two last are not machine registers. */
enum reg {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	/* The stack pointer as it was when the function was entered: 0(%entry_sp) is the
	 * return address. The site planner turns it into %rsp plus what the site has pushed. */
	REG_ENTRY_SP,
	REG_NONE,
};

enum operand_kind { OPERAND_CONST, OPERAND_REG, OPERAND_MEM };

struct operand {
	enum operand_kind kind;
	int size;       /* bytes: 1, 2, 4 or 8; negative when signed, as stapsdt writes it */
	enum reg reg;   /* REG and MEM */
	int64_t value;  /* the constant, or the offset */
};

#endif
