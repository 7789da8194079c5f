/* SPDX-License-Identifier: MIT */
/* Definition against DWARF. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/paramcheck.h"

/* DWARF register numbers of amd64 (System V psABI, figure 3.36). */
static enum reg from_dwarf_reg(int number)
{
	static const enum reg map[] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
					REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
					REG_R12, REG_R13, REG_R14, REG_R15 };

	if (number < 0 || number >= (int)(sizeof(map) / sizeof(*map)))
		return REG_NONE;
	return map[number];
}

/*
 * Whether one of its registers holds an earlier parameter, by DWARF; adds them to *taken. No
 * two share one at the entry: the compiler tells where the value is later, once code like
 * "if b == nil { b = a }" has merged the two (context.(*cancelCtx).cancel).
 */
static bool is_later_place(const struct godwarf_param *dwarf, uint32_t *taken)
{
	uint32_t own = 0;

	for (int i = 0; i < dwarf->npieces && i < GODWARF_MAX_PIECES; i++) {
		enum reg reg = dwarf->pieces[i].in_reg ? from_dwarf_reg(dwarf->pieces[i].reg)
						       : REG_NONE;

		if (reg != REG_NONE)
			own |= UINT32_C(1) << reg;
	}

	bool later = own & *taken;

	*taken |= own;
	return later;
}

/*
 * Registers must appear in the order of the ABI. A value that the ABI passes in registers
 * but DWARF places on the stack is its home slot in unoptimised code: nothing to compare.
 */
static bool pieces_agree(const struct godwarf_param *dwarf, const struct abi_value *value)
{
	int next = 0;

	for (int i = 0; i < dwarf->npieces && i < GODWARF_MAX_PIECES; i++) {
		if (!dwarf->pieces[i].in_reg)
			continue;

		enum reg reg = from_dwarf_reg(dwarf->pieces[i].reg);

		if (reg == REG_NONE)
			continue; /* floating point */
		while (next < value->npieces && value->pieces[next].reg != reg)
			next++;
		if (next++ >= value->npieces)
			return false;
	}
	if (!value->in_regs && value->param->type->size && dwarf->npieces == 1 &&
	    !dwarf->pieces[0].in_reg)
		return dwarf->pieces[0].cfa_off + 8 == value->stack_off;
	return true;
}

static char *compare_one(const struct godwarf_param *dwarf, const struct abi_value *value,
			 uint32_t *taken)
{
	const struct gotype *type = value->param->type;

	if (dwarf->result != value->param->result)
		return mem_printf("%s is a %s in DWARF", dwarf->name,
				  dwarf->result ? "result" : "parameter");
	if (dwarf->size != type->size)
		return mem_printf("%s is a %s of %llu bytes in DWARF; the definition has a %s of "
				  "%llu", dwarf->name, dwarf->type,
				  (unsigned long long)dwarf->size, type->name,
				  (unsigned long long)type->size);
	if (!dwarf->result && !is_later_place(dwarf, taken) && !pieces_agree(dwarf, value))
		return mem_printf("%s is passed elsewhere than the definition's signature says",
				  dwarf->name);
	return NULL;
}

static bool is_left_out(const char *name)
{
	return !strcmp(name, "_") || !strcmp(name, ".dict");
}

static char *compare_all(const struct godwarf_param *dwarf, size_t ndwarf,
			 const struct gotype_func *func, const struct abi_value *values)
{
	size_t nparams = func->nparams, at = 0, skip;
	uint32_t taken = 0; /* registers, by DWARF */

	for (size_t i = 0; i < func->nparams; i++)
		nparams -= values[i].context;
	skip = nparams > ndwarf ? nparams - ndwarf : 0;
	for (size_t i = 0; i < func->nparams; i++) {
		if (values[i].context)
			continue; /* DWARF knows it as no parameter */
		/* DWARF leaves blank parameters and dictionaries out in some versions. */
		if (skip && (is_left_out(func->params[i].name) || at == ndwarf)) {
			if (!is_left_out(func->params[i].name))
				break;
			skip--;
			continue;
		}
		if (at == ndwarf)
			break;

		char *detail = compare_one(&dwarf[at++], &values[i], &taken);

		if (detail)
			return detail;
	}
	if (at == ndwarf && !skip)
		return NULL;
	return mem_printf("%zu parameters and results in DWARF; the definition has %zu", ndwarf,
			  nparams);
}

char *paramcheck_params(const struct godwarf_param *params, size_t count,
			const struct gotype_func *func, const struct abi_value *values)
{
	return compare_all(params, count, func, values);
}

char *paramcheck(struct godwarf *dwarf, const char *symbol, const struct gotype_func *func,
		 const struct abi_value *values)
{
	struct godwarf_param *params;
	size_t count;

	if (!dwarf || !godwarf_params(dwarf, symbol, &params, &count))
		return NULL;

	char *detail = compare_all(params, count, func, values);

	free(params);
	return detail;
}
