/* SPDX-License-Identifier: MIT */
/*
 * Types and parameters out of DWARF. Go names a compilation unit after its package; the
 * linker puts nearly all types into the unit of package runtime
 * (cmd/link/internal/ld/dwarf.go), the compiler a few next to the functions they serve.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "go/debugfile.h"
#include "go/dies.h"
#include "go/godwarf.h"
#include "go/parts.h"

static void index_put(struct die_index *index, uint32_t hash, uint32_t off)
{
	size_t at = hash & (index->cap - 1);

	while (index->slots[at].off)
		at = (at + 1) & (index->cap - 1);
	index->slots[at].hash = hash;
	index->slots[at].off = off;
	index->count++;
}

static void index_add(struct die_index *index, const char *name, Dwarf_Die *die)
{
	if (index->count * 2 >= index->cap) {
		struct die_index grown = { .cap = index->cap ? index->cap * 2 : 1024 };

		grown.slots = mem_zalloc(grown.cap * sizeof(*grown.slots));
		for (size_t i = 0; i < index->cap; i++)
			if (index->slots[i].off)
				index_put(&grown, index->slots[i].hash, index->slots[i].off);
		free(index->slots);
		*index = grown;
	}
	index_put(index, name_hash(name), (uint32_t)dwarf_dieoffset(die));
}

const char *die_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = dwarf_formstring(
		dwarf_attr_integrate(die, DW_AT_linkage_name, &attr));

	return name ? name : dwarf_diename(die);
}

bool die_find(struct godwarf *dwarf, const struct die_index *index, const char *name,
	      Dwarf_Die *die_ret)
{
	uint32_t hash = name_hash(name);

	if (!index->count)
		return false;
	for (size_t at = hash & (index->cap - 1); index->slots[at].off;
	     at = (at + 1) & (index->cap - 1)) {
		const char *found;

		if (index->slots[at].hash != hash ||
		    !dwarf_offdie(dwarf->dw, index->slots[at].off, die_ret))
			continue;
		found = die_name(die_ret);
		if (found && strcmp(found, name) == 0)
			return true;
	}
	return false;
}

/* Moves on to the next DIE of the same level; never backwards, whatever DW_AT_sibling says. */
bool die_next(Dwarf_Die *die)
{
	Dwarf_Off before = dwarf_dieoffset(die);

	return dwarf_siblingof(die, die) == 0 && dwarf_dieoffset(die) > before;
}

static void index_unit(struct godwarf *dwarf, Dwarf_Die *unit)
{
	Dwarf_Die die;

	if (dwarf_child(unit, &die))
		return;
	do {
		struct die_index *index = NULL;

		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			index = dwarf_hasattr(&die, DW_AT_low_pc) ? &dwarf->funcs : NULL;
			break;
		case DW_TAG_array_type:
		case DW_TAG_base_type:
		case DW_TAG_pointer_type:
		case DW_TAG_structure_type:
		case DW_TAG_subroutine_type:
		case DW_TAG_typedef:
		case DW_TAG_unspecified_type:
			index = &dwarf->types;
			break;
		default:
			break;
		}
		const char *name = index ? die_name(&die) : NULL;

		if (name)
			index_add(index, name, &die);
	} while (die_next(&die));
}

static bool is_wanted(Dwarf_Die *unit, const char *const *packages, size_t n)
{
	const char *name = dwarf_diename(unit);

	if (!name || dwarf_srclang(unit) != DW_LANG_Go)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(packages[i], name) == 0)
			return true;
	return strcmp(name, "runtime") == 0;
}

static struct err *godwarf_load(struct godwarf *dwarf, const struct image *image,
				const char *const *packages, size_t n)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;
	int status;

	elf_version(EV_CURRENT);
	dwarf->elf = elf_begin(dwarf->fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	if (!dwarf->elf)
		return err_new("%s: DWARF: %s", image->path, elf_errmsg(-1));
	dwarf->dw = dwarf_begin_elf(dwarf->elf, DWARF_C_READ, NULL);
	if (!dwarf->dw)
		return err_new("%s: DWARF: %s", image->path, dwarf_errmsg(-1));
	while ((status = dwarf_get_units(dwarf->dw, cu, &cu, NULL, NULL, &unit, NULL)) == 0)
		if (is_wanted(&unit, packages, n))
			index_unit(dwarf, &unit);
	if (status < 0)
		return err_new("%s: .debug_info: %s", image->path, dwarf_errmsg(-1));
	return NULL;
}

struct err *godwarf_open(const struct image *image, const char *const *packages, size_t n,
			 struct godwarf **dwarf_ret)
{
	int fd;

	TRY(debugfile_make(image, &fd));
	if (fd < 0) {
		*dwarf_ret = NULL;
		return NULL;
	}
	struct godwarf *dwarf = mem_zalloc(sizeof(*dwarf));

	dwarf->fd = fd;
	struct err *err = godwarf_load(dwarf, image, packages, n);

	if (err) {
		godwarf_close(dwarf);
		return err;
	}
	*dwarf_ret = dwarf;
	return NULL;
}

void godwarf_close(struct godwarf *dwarf)
{
	if (!dwarf)
		return;
	dwarf_end(dwarf->dw);
	elf_end(dwarf->elf);
	close(dwarf->fd);
	free(dwarf->types.slots);
	free(dwarf->funcs.slots);
	free(dwarf);
}

bool die_type(Dwarf_Die *die, Dwarf_Die *type_ret)
{
	Dwarf_Attribute attr;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), type_ret);
}

/* Follows typedefs, but not for ever, to what they stand for. */
static bool peel_typedefs(Dwarf_Die *die)
{
	for (int depth = 0; depth < 32; depth++) {
		if (dwarf_tag(die) != DW_TAG_typedef)
			return true;
		if (!die_type(die, die))
			return false;
	}
	return false;
}

/* (dwarf_aggregate_size() would not come back from a typedef of itself.) */
bool die_size(const Dwarf_Die *type, uint64_t *size_ret)
{
	Dwarf_Die die = *type;
	Dwarf_Attribute attr;
	Dwarf_Word size = 8;

	if (!peel_typedefs(&die))
		return false;
	if (dwarf_formudata(dwarf_attr(&die, DW_AT_byte_size, &attr), &size) &&
	    dwarf_tag(&die) != DW_TAG_pointer_type)
		return false;
	*size_ret = size;
	return true;
}

static bool find_member(Dwarf_Die *type, const char *field, Dwarf_Die *member_ret)
{
	if (dwarf_child(type, member_ret))
		return false;
	do {
		const char *name = dwarf_tag(member_ret) == DW_TAG_member
					   ? dwarf_diename(member_ret)
					   : NULL;

		if (name && strcmp(name, field) == 0)
			return true;
	} while (die_next(member_ret));
	return false;
}

bool godwarf_field(struct godwarf *dwarf, const char *type, const char *field,
		   struct godwarf_field *field_ret)
{
	Dwarf_Die die, member, member_type;
	Dwarf_Attribute attr;
	Dwarf_Word offset;

	if (!die_find(dwarf, &dwarf->types, type, &die) || !peel_typedefs(&die) ||
	    dwarf_tag(&die) != DW_TAG_structure_type || !find_member(&die, field, &member) ||
	    !die_type(&member, &member_type) ||
	    dwarf_formudata(dwarf_attr(&member, DW_AT_data_member_location, &attr), &offset))
		return false;
	const char *name = dwarf_diename(&member_type);

	field_ret->offset = offset;
	field_ret->size = 0;
	die_size(&member_type, &field_ret->size);
	field_ret->type = name ? name : "";
	return true;
}

bool godwarf_type_size(struct godwarf *dwarf, const char *type, uint64_t *size_ret)
{
	Dwarf_Die die;

	return die_find(dwarf, &dwarf->types, type, &die) && die_size(&die, size_ret);
}

/* Takes one location operation; false for one that does not say where a value lies. */
static bool take_location(const Dwarf_Op *op, bool *set, bool *in_reg, int64_t *where)
{
	bool is_reg = op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31;

	if (*set) {
		bool add = op->atom == DW_OP_plus_uconst && !*in_reg;

		*where += add ? (int64_t)op->number : 0;
		return add;
	}
	*set = true;
	*in_reg = is_reg || op->atom == DW_OP_regx;
	if (is_reg)
		*where = op->atom - DW_OP_reg0;
	else if (op->atom == DW_OP_regx || op->atom == DW_OP_fbreg)
		*where = (int64_t)op->number;
	else if (op->atom == DW_OP_call_frame_cfa)
		*where = 0;
	else
		return false;
	return true;
}

/* Up to Go 1.21 the compiler may say a piece of an interface twice: no place holds two. */
static bool has_piece(const struct godwarf_param *param, bool in_reg, int64_t where)
{
	for (int i = 0; i < param->npieces; i++)
		if (param->pieces[i].in_reg == in_reg &&
		    where == (in_reg ? param->pieces[i].reg : param->pieces[i].cfa_off))
			return true;
	return false;
}

static bool add_piece(struct godwarf_param *param, bool in_reg, int64_t where, uint64_t size)
{
	if (has_piece(param, in_reg, where))
		return true;
	if (param->npieces == GODWARF_MAX_PIECES)
		return false;
	int i = param->npieces++;

	param->pieces[i].in_reg = in_reg;
	param->pieces[i].reg = in_reg ? (int)where : 0;
	param->pieces[i].cfa_off = in_reg ? 0 : where;
	param->pieces[i].size = size;
	return true;
}

/* Go's frame base is the CFA. A value of which one piece is not to be had counts as lost. */
static bool read_pieces(const Dwarf_Op *ops, size_t nops, struct godwarf_param *param)
{
	bool set = false, in_reg = false;
	int64_t where = 0;

	for (size_t i = 0; i < nops; i++) {
		if (ops[i].atom != DW_OP_piece) {
			if (!take_location(&ops[i], &set, &in_reg, &where))
				return false;
			continue;
		}
		if (!set || !add_piece(param, in_reg, where, ops[i].number))
			return false;
		set = false;
	}
	return !set || (param->npieces == 0 && add_piece(param, in_reg, where, param->size));
}

static void read_location(Dwarf_Die *die, Dwarf_Addr pc, struct godwarf_param *param)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t nops;

	if (!dwarf_attr(die, DW_AT_location, &attr) ||
	    dwarf_getlocation_addr(&attr, pc, &ops, &nops, 1) != 1)
		return;
	if (!read_pieces(ops, nops, param))
		param->npieces = 0;
}

static void read_param(Dwarf_Die *die, Dwarf_Addr pc, struct godwarf_param *param)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;
	const char *name = dwarf_diename(die);

	memset(param, 0, sizeof(*param));
	param->name = name ? name : "";
	param->type = "";
	dwarf_formflag(dwarf_attr_integrate(die, DW_AT_variable_parameter, &attr),
		       &param->result);
	if (die_type(die, &type)) {
		const char *type_name = dwarf_diename(&type);

		param->type = type_name ? type_name : "";
		param->type_off = dwarf_dieoffset(&type);
		die_size(&type, &param->size);
	}
	read_location(die, pc, param);
}

/* Whether a result of this name was taken already: a second listing is the same one. */
static bool is_repeated(const struct godwarf_param *params, size_t n)
{
	for (size_t i = 0; params[n].result && i < n; i++)
		if (params[i].result && strcmp(params[i].name, params[n].name) == 0)
			return true;
	return false;
}

static void read_params(Dwarf_Die *func, Dwarf_Addr pc, struct godwarf_param **params_ret,
			size_t *n_ret)
{
	struct godwarf_param *params = NULL;
	size_t n = 0, cap = 0;
	Dwarf_Die die;
	bool more = dwarf_child(func, &die) == 0;

	for (; more; more = die_next(&die)) {
		if (dwarf_tag(&die) != DW_TAG_formal_parameter)
			continue;
		mem_grow(&params, n, &cap, sizeof(*params));
		read_param(&die, pc, &params[n]);
		n += !is_repeated(params, n);
	}
	*params_ret = params;
	*n_ret = n;
}

bool godwarf_params(struct godwarf *dwarf, const char *symbol,
		    struct godwarf_param **params_ret, size_t *n_ret)
{
	Dwarf_Die func;
	Dwarf_Addr pc;

	if (!die_find(dwarf, &dwarf->funcs, symbol, &func) || dwarf_lowpc(&func, &pc))
		return false;
	read_params(&func, pc, params_ret, n_ret);
	return true;
}

/* Such a package has functions in the DWARF, but no parameters and no types. */
static bool compiled_without(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die unit;
	const char *producer = NULL;

	if (dwarf_diecu(die, &unit, NULL, NULL))
		producer = dwarf_formstring(dwarf_attr(&unit, DW_AT_producer, &attr));
	return producer && strstr(producer, "-dwarf=false");
}

bool godwarf_params_of(struct godwarf *dwarf, uint64_t func, struct godwarf_param **params_ret,
		       size_t *n_ret)
{
	Dwarf_Die die;
	Dwarf_Addr pc;

	if (!dwarf_offdie(dwarf->dw, func, &die) || dwarf_lowpc(&die, &pc) ||
	    compiled_without(&die))
		return false;
	read_params(&die, pc, params_ret, n_ret);
	return true;
}
