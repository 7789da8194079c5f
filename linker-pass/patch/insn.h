/* SPDX-License-Identifier: MIT */
/* One amd64 instruction, seen as the rewriter needs it. Decoding is Zydis's. */
#ifndef PATCH_INSN_H
#define PATCH_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_kind {
	INSN_OTHER,
	INSN_RET,
	INSN_BRANCH,       /* jmp or jcc with a relative target */
	INSN_CALL,         /* call with a relative target */
	INSN_JMP_INDIRECT, /* jump table or tail call through a register or memory */
	INSN_PAD,          /* int3 */
};

struct insn {
	uint8_t len;
	enum insn_kind kind;
	uint64_t target; /* BRANCH and CALL: absolute address */
	/* May run at another address and cannot fault there: registers, constants and the
	 * stack frame only, nothing relative to %rip. */
	bool movable;
};

struct insn_decoder;
struct insn_decoder *insn_decoder_new(void);
void insn_decoder_free(struct insn_decoder *decoder); /* NULL is fine */

/* Decodes the instruction at `code` (at most `len` bytes), which will run at `addr`.
 * False for bytes that are no instruction. */
bool insn_decode(const struct insn_decoder *decoder, const uint8_t *code, size_t len,
		 uint64_t addr, struct insn *insn_ret);

#endif
