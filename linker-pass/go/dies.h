/* SPDX-License-Identifier: MIT */
/* The DWARF of a Go program, opened; private to go/. */
#ifndef GO_DIES_H
#define GO_DIES_H

#include <elfutils/libdw.h>
#include <libelf.h>

#include "go/godwarf.h"

/* Attributes of Go's own (src/cmd/internal/dwarf/dwarf.go). */
#define DW_AT_GO_KIND 0x2900
#define DW_AT_GO_ELEM 0x2902
#define DW_AT_GO_EMBEDDED_FIELD 0x2903
#define DW_AT_GO_CLOSURE_OFFSET 0x2907

/* DIE offsets by the hash of their names; open addressing, at most half full. */
struct die_index {
	struct {
		uint32_t hash;
		uint32_t off; /* in .debug_info, below 2 GiB; 0 = empty */
	} *slots;
	size_t count, cap;
};

struct godwarf {
	int fd;
	Elf *elf;
	Dwarf *dw;
	struct die_index types, funcs;
};

/* DW_AT_linkage_name where there is one; Go's DW_AT_name is the linker symbol too. */
const char *die_name(Dwarf_Die *die);

/* The DIE of this name in an index. */
bool die_find(struct godwarf *dwarf, const struct die_index *index, const char *name,
	      Dwarf_Die *die_ret);

/* Moves to the next sibling, which must come later in the file; false at the end. */
bool die_next(Dwarf_Die *die);

/* The type of a member, parameter or typedef. */
bool die_type(Dwarf_Die *die, Dwarf_Die *type_ret);

/* Go gives every type but pointers a DW_AT_byte_size. */
bool die_size(const Dwarf_Die *type, uint64_t *size_ret);

#endif
