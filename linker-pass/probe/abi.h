/* SPDX-License-Identifier: MIT */
/*
 * Where Go's ABIInternal puts a function's receiver, parameters and results on amd64
 * (src/cmd/compile/abi-internal.md; the sequence of integer registers there is RAX, RBX,
 * RCX, RDI, RSI, R8, R9, R10, R11, of floating-point ones X0 to X14).
 */
#ifndef PROBE_ABI_H
#define PROBE_ABI_H

#include "elf/operand.h"
#include "probe/gotype.h"

#define ABI_MAX_PIECES 24

/* A value of a base type within a parameter or result that is passed in registers. */
struct abi_piece {
	uint64_t offset, size; /* within the value in memory */
	bool is_float;
	enum reg reg; /* not when is_float */
	int xmm;      /* when is_float: 0 for X0 */
};

struct abi_value {
	const struct gotype_param *param; /* borrowed */
	bool context; /* the closure: no parameter, but what a function literal captured */
	bool in_regs;
	int npieces; /* when in_regs */
	struct abi_piece pieces[ABI_MAX_PIECES];
	/* Where a value not in registers is, or else a parameter's spill slot; from the stack
	 * pointer at entry (0 is the return address, the first slot is at 8). */
	int64_t stack_off;
};

/* One value for each of func->params, in that order. Owned by the caller: free(). Borrows
 * func. */
struct abi_value *abi_assign(const struct gotype_func *func);

#endif
