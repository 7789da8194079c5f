/* SPDX-License-Identifier: MIT */
/* One amd64 instruction, decoded by Zydis. */
#include <stdlib.h>

#include <Zydis/Zydis.h>

#include "base/mem.h"
#include "patch/insn.h"

struct insn_decoder {
	ZydisDecoder zydis;
};

struct insn_decoder *insn_decoder_new(void)
{
	struct insn_decoder *decoder = mem_zalloc(sizeof(*decoder));

	ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return decoder;
}

void insn_decoder_free(struct insn_decoder *decoder)
{
	free(decoder);
}

/* Plain moves and arithmetic, which touch nothing but their named operands. */
static bool plain_mnemonic(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVAPS:
	case ZYDIS_MNEMONIC_MOVSD:
	case ZYDIS_MNEMONIC_MOVSS:
	case ZYDIS_MNEMONIC_XORPS:
	case ZYDIS_MNEMONIC_LEA:
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_NOT:
	case ZYDIS_MNEMONIC_NEG:
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC:
	case ZYDIS_MNEMONIC_TEST:
	case ZYDIS_MNEMONIC_CMP:
	case ZYDIS_MNEMONIC_SHL:
	case ZYDIS_MNEMONIC_SHR:
	case ZYDIS_MNEMONIC_SAR:
	case ZYDIS_MNEMONIC_NOP:
		return true;
	default:
		return false;
	}
}

/* A memory operand is fine when it is in the frame, (%rsp) or (%rbp) based, or not read. */
static bool memory_is_safe(const ZydisDecodedInstruction *zi)
{
	if (!(zi->attributes & ZYDIS_ATTRIB_HAS_MODRM) || zi->raw.modrm.mod == 3)
		return true;
	if (zi->raw.modrm.mod == 0 && zi->raw.modrm.rm == 5)
		return false; /* relative to %rip */
	if (zi->mnemonic == ZYDIS_MNEMONIC_LEA || zi->mnemonic == ZYDIS_MNEMONIC_NOP)
		return true;
	return zi->raw.modrm.rm == 4 && zi->raw.sib.base == 4 && zi->raw.sib.index == 4 &&
	       zi->raw.rex.B == 0 && zi->raw.rex.X == 0;
}

static enum insn_kind kind_of(const ZydisDecodedInstruction *zi)
{
	bool relative = zi->raw.imm[0].is_relative;

	switch (zi->meta.category) {
	case ZYDIS_CATEGORY_RET:
		return INSN_RET;
	case ZYDIS_CATEGORY_COND_BR:
		return INSN_BRANCH;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return relative ? INSN_BRANCH : INSN_JMP_INDIRECT;
	case ZYDIS_CATEGORY_CALL:
		return relative ? INSN_CALL : INSN_OTHER;
	default:
		return zi->mnemonic == ZYDIS_MNEMONIC_INT3 ? INSN_PAD : INSN_OTHER;
	}
}

bool insn_decode(const struct insn_decoder *decoder, const uint8_t *code, size_t len,
		 uint64_t addr, struct insn *insn_ret)
{
	ZydisDecodedInstruction zi;
	ZydisDecoderContext context;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder->zydis, &context, code, len,
							&zi)))
		return false;

	struct insn insn = { .len = zi.length, .kind = kind_of(&zi) };

	if (insn.kind == INSN_BRANCH || insn.kind == INSN_CALL)
		insn.target = addr + zi.length + (uint64_t)zi.raw.imm[0].value.s;
	insn.movable = insn.kind == INSN_OTHER && plain_mnemonic(zi.mnemonic) &&
		       memory_is_safe(&zi);
	*insn_ret = insn;
	return true;
}
