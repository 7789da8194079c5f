/* SPDX-License-Identifier: MIT */
/* Register assignment of ABIInternal for amd64. */
#include "base/mem.h"
#include "probe/abi.h"

#define NINT 9
#define NFLOAT 15
#define FIRST_SLOT 8 /* above the return address */

static const enum reg int_regs[NINT] = { REG_RAX, REG_RBX, REG_RCX, REG_RDI, REG_RSI,
					 REG_R8,  REG_R9,  REG_R10, REG_R11 };

struct assign {
	int ints, floats; /* the next register of each sequence */
	struct abi_value *value;
};

static bool add_int(struct assign *as, uint64_t offset, uint64_t size)
{
	if (as->ints >= NINT || as->value->npieces >= ABI_MAX_PIECES)
		return false;
	as->value->pieces[as->value->npieces++] = (struct abi_piece){
		.offset = offset, .size = size, .reg = int_regs[as->ints++]
	};
	return true;
}

static bool add_float(struct assign *as, uint64_t offset, uint64_t size)
{
	if (as->floats >= NFLOAT || as->value->npieces >= ABI_MAX_PIECES)
		return false;
	as->value->pieces[as->value->npieces++] = (struct abi_piece){
		.offset = offset, .size = size, .is_float = true, .reg = REG_NONE,
		.xmm = as->floats++
	};
	return true;
}

static bool add_words(struct assign *as, uint64_t offset, int count)
{
	for (int i = 0; i < count; i++) {
		if (!add_int(as, offset + 8 * (uint64_t)i, 8))
			return false;
	}
	return true;
}

/* "Register-assignment of a value V of underlying type T" of the specification. */
static bool add_value(struct assign *as, const struct gotype *type, uint64_t offset)
{
	switch (type->kind) {
	case GOTYPE_BOOL:
	case GOTYPE_INT:
	case GOTYPE_PTR:
	case GOTYPE_WORD:
		return add_int(as, offset, type->size);
	case GOTYPE_FLOAT:
		return add_float(as, offset, type->size);
	case GOTYPE_COMPLEX:
		return add_float(as, offset, type->size / 2) &&
		       add_float(as, offset + type->size / 2, type->size / 2);
	case GOTYPE_STRING:
	case GOTYPE_IFACE:
		return add_words(as, offset, 2);
	case GOTYPE_SLICE:
		return add_words(as, offset, 3);
	case GOTYPE_ARRAY:
		return !type->len || (type->len == 1 && add_value(as, type->elem, offset));
	case GOTYPE_STRUCT:
		for (size_t i = 0; i < type->nfields; i++) {
			if (!add_value(as, type->fields[i].type,
				       offset + type->fields[i].offset))
				return false;
		}
		return true;
	}
	return false;
}

static int64_t stack_add(int64_t *top, const struct gotype *type)
{
	int64_t align = (int64_t)type->align;
	int64_t at = (*top + align - 1) & -align;

	*top = at + (int64_t)type->size;
	return at;
}

static void stack_align(int64_t *top)
{
	*top = (*top + 7) & -8;
}

/* Assigns all parameters, or all results, and the stack slots of those without registers. */
static void assign_all(const struct gotype_func *func, bool results, struct abi_value *values,
		       int64_t *top)
{
	struct assign as = { 0 };

	for (size_t i = 0; i < func->nparams; i++) {
		const struct gotype *type = func->params[i].type;
		struct assign before = as;

		if (func->params[i].result != results || values[i].context)
			continue;
		as.value = &values[i];
		values[i].in_regs = type->size && add_value(&as, type, 0);
		if (values[i].in_regs)
			continue;
		as = before;
		values[i].npieces = 0;
		values[i].stack_off = stack_add(top, type);
	}
	stack_align(top);
}

/* "RDX: closure context pointer" of the specification. */
static void set_context(struct abi_value *value)
{
	value->context = value->in_regs = true;
	value->npieces = 1;
	value->pieces[0] = (struct abi_piece){ .size = 8, .reg = REG_RDX };
}

struct abi_value *abi_assign(const struct gotype_func *func)
{
	struct abi_value *values = mem_zalloc(func->nparams * sizeof(*values));
	int64_t top = FIRST_SLOT;

	for (size_t i = 0; i < func->nparams; i++) {
		values[i].param = &func->params[i];
		if (func->params[i].context)
			set_context(&values[i]);
	}
	assign_all(func, false, values, &top);
	assign_all(func, true, values, &top);
	for (size_t i = 0; i < func->nparams; i++) {
		if (values[i].in_regs && !func->params[i].result && !values[i].context)
			values[i].stack_off = stack_add(&top, func->params[i].type);
	}
	return values;
}
