/* SPDX-License-Identifier: MIT */
/*
 * Functions by address, and what types are made of (cmd/link/internal/ld/dwarf.go): a type
 * with a name is a typedef of what it stands for, and that has Go's kind; a type argument in
 * the code of a generic function is a typedef ".param0".
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/dies.h"

#define MAX_TYPEDEFS 32

static bool unit_func_at(Dwarf_Die *unit, Dwarf_Addr entry, Dwarf_Die *die_ret)
{
	bool more = dwarf_child(unit, die_ret) == 0;
	Dwarf_Addr pc;

	for (; more; more = die_next(die_ret))
		if (dwarf_tag(die_ret) == DW_TAG_subprogram && !dwarf_lowpc(die_ret, &pc) &&
		    pc == entry)
			return true;
	return false;
}

bool godwarf_func_at(struct godwarf *dwarf, uint64_t entry, uint64_t *func_ret,
		     const char **name_ret)
{
	Dwarf_Die unit, die;
	Dwarf_CU *cu = NULL;
	const char *name;

	while (dwarf_get_units(dwarf->dw, cu, &cu, NULL, NULL, &unit, NULL) == 0) {
		if (dwarf_haspc(&unit, entry) != 1 || !unit_func_at(&unit, entry, &die))
			continue;
		name = die_name(&die);
		*func_ret = dwarf_dieoffset(&die);
		*name_ret = name ? name : "";
		return true;
	}
	return false;
}

static uint64_t number(Dwarf_Die *die, unsigned attribute, uint64_t otherwise)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	return dwarf_formudata(dwarf_attr(die, attribute, &attr), &value) ? otherwise : value;
}

static uint64_t reference(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;
	Dwarf_Die to;

	return dwarf_formref_die(dwarf_attr(die, attribute, &attr), &to)
		       ? dwarf_dieoffset(&to) : 0;
}

static uint64_t array_len(Dwarf_Die *array)
{
	Dwarf_Die die;

	if (dwarf_child(array, &die))
		return 0;
	do
		if (dwarf_tag(&die) == DW_TAG_subrange_type)
			return number(&die, DW_AT_count, number(&die, DW_AT_upper_bound, 0));
	while (die_next(&die));
	return 0;
}

static bool read_type(Dwarf_Die *die, struct godwarf_type *type_ret)
{
	struct godwarf_type type = { .name = NULL };
	const char *name;

	for (int depth = 0; !dwarf_hasattr(die, DW_AT_GO_KIND); depth++) {
		name = dwarf_diename(die);
		if (!type.name && name && *name != '.')
			type.name = name;
		if (dwarf_tag(die) != DW_TAG_typedef || depth == MAX_TYPEDEFS ||
		    !die_type(die, die))
			return false;
	}
	name = dwarf_diename(die);
	if (!type.name)
		type.name = name ? name : "";
	type.kind = (int)number(die, DW_AT_GO_KIND, 0);
	type.off = dwarf_dieoffset(die);
	type.elem = reference(die, type.kind == GODWARF_SLICE ? DW_AT_GO_ELEM : DW_AT_type);
	type.len = type.kind == GODWARF_ARRAY ? array_len(die) : 0;
	if (!die_size(die, &type.size))
		return false;
	*type_ret = type;
	return true;
}

bool godwarf_type(struct godwarf *dwarf, uint64_t off, struct godwarf_type *type_ret)
{
	Dwarf_Die die;

	return off && dwarf_offdie(dwarf->dw, off, &die) && read_type(&die, type_ret);
}

bool godwarf_type_named(struct godwarf *dwarf, const char *name, struct godwarf_type *type_ret)
{
	Dwarf_Die die;

	return die_find(dwarf, &dwarf->types, name, &die) && read_type(&die, type_ret);
}

static void add_member(Dwarf_Die *die, uint64_t offset, struct godwarf_member **all, size_t *n,
		       size_t *cap)
{
	const char *name = dwarf_diename(die);
	Dwarf_Attribute attr;
	bool embedded = false;

	dwarf_formflag(dwarf_attr(die, DW_AT_GO_EMBEDDED_FIELD, &attr), &embedded);
	mem_grow(all, *n, cap, sizeof(**all));
	(*all)[(*n)++] = (struct godwarf_member){
		.name = name ? name : "",
		.offset = offset,
		.type = reference(die, DW_AT_type),
		.embedded = embedded,
	};
}

struct godwarf_member *godwarf_members(struct godwarf *dwarf, const struct godwarf_type *type,
				       size_t *n_ret)
{
	struct godwarf_member *all = NULL;
	Dwarf_Die parent, die;
	size_t cap = 0;
	bool more;

	*n_ret = 0;
	if (type->kind != GODWARF_STRUCT || !dwarf_offdie(dwarf->dw, type->off, &parent))
		return NULL;
	for (more = !dwarf_child(&parent, &die); more; more = die_next(&die))
		if (dwarf_tag(&die) == DW_TAG_member)
			add_member(&die, number(&die, DW_AT_data_member_location, 0), &all, n_ret,
				   &cap);
	return all;
}

struct godwarf_member *godwarf_captured(struct godwarf *dwarf, uint64_t func, size_t *n_ret)
{
	struct godwarf_member *all = NULL;
	Dwarf_Die parent, die;
	size_t cap = 0;
	bool more;

	*n_ret = 0;
	if (!dwarf_offdie(dwarf->dw, func, &parent))
		return NULL;
	for (more = !dwarf_child(&parent, &die); more; more = die_next(&die)) {
		uint64_t offset = number(&die, DW_AT_GO_CLOSURE_OFFSET, 0);

		if (dwarf_tag(&die) == DW_TAG_variable && offset)
			add_member(&die, offset, &all, n_ret, &cap);
	}
	return all;
}

/* Looks `depth` embedded structs deep for the field. */
static bool find_promoted(struct godwarf *dwarf, const struct godwarf_type *type,
			  const char *field, size_t depth, const char **path)
{
	size_t n;
	struct godwarf_member *members = godwarf_members(dwarf, type, &n);
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) {
		struct godwarf_type inner;

		if (!depth) {
			found = !strcmp(members[i].name, field);
			continue;
		}
		if (!members[i].embedded || !godwarf_type(dwarf, members[i].type, &inner))
			continue;
		if (inner.kind == GODWARF_POINTER && !godwarf_type(dwarf, inner.elem, &inner))
			continue;
		*path = members[i].name;
		found = find_promoted(dwarf, &inner, field, depth - 1, path + 1);
	}
	free(members);
	return found;
}

size_t godwarf_promoted(struct godwarf *dwarf, const char *type, const char *field,
			const char *path_ret[GODWARF_MAX_EMBEDDED])
{
	struct godwarf_type outer;

	if (!godwarf_type_named(dwarf, type, &outer))
		return 0;
	for (size_t depth = 0; depth <= GODWARF_MAX_EMBEDDED; depth++)
		if (find_promoted(dwarf, &outer, field, depth, path_ret))
			return depth;
	return 0;
}
