/* SPDX-License-Identifier: MIT */
/* Where values of expressions are: in registers, or at the end of pointers. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/locate.h"

static void set_type(struct located *place, char *type)
{
	free(place->type);
	place->type = type;
}

/* The register that holds `size` bytes at `off` of the place's value; REG_NONE if none. */
enum reg located_reg(const struct located *place, uint64_t off, uint64_t size)
{
	for (int i = 0; i < place->value->npieces; i++) {
		const struct abi_piece *piece = &place->value->pieces[i];

		if (piece->offset == place->off + off && piece->size == size && !piece->is_float)
			return piece->reg;
	}
	return REG_NONE;
}

static bool has_param(const struct gotype_func *func, const char *name)
{
	for (size_t i = 0; i < func->nparams; i++)
		if (!strcmp(func->params[i].name, name))
			return true;
	return false;
}

/* "there are c, ctx and total", as far as a value may start with them. */
static struct err *no_root(const struct locator *in, const char *name, bool at_return)
{
	struct buf list = { 0 };
	struct err *err;

	for (size_t i = 0; i < in->func->nparams; i++) {
		const struct gotype_param *param = &in->func->params[i];

		if (param->result == at_return && *param->name != '.' && *param->name != '~')
			buf_printf(&list, "%s%s", list.len ? ", " : "; there is ", param->name);
	}
	buf_u8(&list, 0);
	if (at_return && has_param(in->func, name))
		err = err_new("\"%s\" is a parameter: at a return only results and g can be "
			      "read%s", name, (char *)list.data);
	else
		err = err_new("no %s is called \"%s\"%s", at_return ? "result" : "parameter",
			      name, (char *)list.data);
	buf_free(&list);
	return err;
}

/* What a function literal has captured lies behind RDX at its entry, or a pointer to it. */
static struct err *place_captured(const struct gotype_captured *captured, struct located *place)
{
	place->chain.root = REG_RDX;
	place->disp = (int64_t)captured->offset;
	set_type(place, mem_strdup(captured->type));
	return captured->by_reference ? locate_pointee(place) : NULL;
}

static struct err *place_root(struct locator *in, const char *name, struct located *place)
{
	bool at_return = in->bound->variant->at == DEF_RETURN;
	bool own_g = in->func->from_dwarf && !in->at_goid && has_param(in->func, "g");

	if (!strcmp(name, "g") && !own_g) {
		place->chain.root = REG_R14;
		set_type(place, mem_strdup("runtime.g"));
		return NULL;
	}
	for (size_t i = 0; i < in->func->nparams; i++) {
		const struct abi_value *value = &in->values[i];

		if (strcmp(value->param->name, name) || value->param->result != at_return)
			continue;
		set_type(place, mem_strdup(value->param->type->name));
		if (value->in_regs) {
			place->value = value;
			place->gotype = value->param->type;
		} else {
			place->chain.root = REG_ENTRY_SP;
			place->disp = value->stack_off;
		}
		return NULL;
	}
	for (size_t i = 0; i < in->func->ncaptured && !at_return; i++)
		if (!strcmp(in->func->captured[i].name, name))
			return place_captured(&in->func->captured[i], place);
	return no_root(in, name, at_return);
}

/* Follows the pointer that the place holds. */
struct err *locate_pointee(struct located *place)
{
	if (place->value) {
		place->chain = (struct chain){ .root = located_reg(place, 0, 8) };
		if (place->chain.root == REG_NONE)
			return err_new("the pointer is in no register");
		place->value = NULL;
		place->gotype = NULL;
	} else {
		TRY(chain_hop(&place->chain, place->disp));
	}
	place->disp = 0;
	set_type(place, mem_strdup(place->type + 1));
	return NULL;
}

/* A field of a struct that is passed in registers. */
static struct err *place_member(struct located *place, const char *name)
{
	const struct gotype *type = place->gotype;

	for (size_t i = 0; i < type->nfields; i++) {
		if (strcmp(type->fields[i].name, name))
			continue;
		place->off += type->fields[i].offset;
		place->gotype = type->fields[i].type;
		set_type(place, mem_strdup(place->gotype->name));
		return NULL;
	}
	return err_new("%s has no field \"%s\"", place->type, name);
}

/* A field that the struct itself has. */
static struct err *place_direct(struct locator *in, struct located *place, const char *name)
{
	struct field field;

	if (*place->type == '*')
		TRY(locate_pointee(place));
	if (place->value)
		return place_member(place, name);
	in->bound->refusal = fields_find(in->fields, place->type, name, &field, &in->bound->detail);
	if (in->bound->refusal != REFUSED_NONE)
		return NULL;
	place->disp += (int64_t)field.offset;
	set_type(place, field.type);
	return NULL;
}

/* A field of the struct, or one promoted from a struct that is embedded in it. */
static struct err *place_field(struct locator *in, struct located *place, const char *name)
{
	const char *via[GODWARF_MAX_EMBEDDED];
	const char *type = place->type + (*place->type == '*');
	size_t n = in->func->from_dwarf ? godwarf_promoted(in->fields->dwarf, type, name, via) : 0;

	for (size_t i = 0; i < n && in->bound->refusal == REFUSED_NONE; i++)
		TRY(place_direct(in, place, via[i]));
	return in->bound->refusal == REFUSED_NONE ? place_direct(in, place, name) : NULL;
}

struct err *locate(struct locator *in, const struct expr *expr, struct located *place)
{
	*place = (struct located){ .chain.root = REG_NONE };
	TRY(place_root(in, expr->path[0], place));
	for (size_t i = 1; i < expr->npath && in->bound->refusal == REFUSED_NONE; i++)
		TRY(place_field(in, place, expr->path[i]));
	if (expr->npath == 1 && !strcmp(place->type, "runtime.g"))
		return err_new("name a field of g");
	return NULL;
}
