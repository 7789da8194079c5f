/* SPDX-License-Identifier: MIT */
/*
 * Types and parameters from a Go binary's DWARF (4 and 5, compressed or not), through
 * libdw. Used to resolve and to check; never the only source for a released Go version.
 */
#ifndef GO_GODWARF_H
#define GO_GODWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "elf/image.h"

struct godwarf;

/*
 * Opens the DWARF of `image`; *dwarf_ret is NULL when there is none. Only the compilation
 * units of packages in `packages` (import paths, e.g. "net/http"; n of them) are looked
 * at. The result is owned by the caller and borrows `image`.
 */
struct err *godwarf_open(const struct image *image, const char *const *packages, size_t n,
			 struct godwarf **dwarf_ret);
void godwarf_close(struct godwarf *dwarf); /* NULL is fine */

struct godwarf_field {
	uint64_t offset;
	uint64_t size;
	const char *type; /* DW_AT_name of its type, borrowed; e.g. "string", "*net/url.URL" */
};

/*
 * Field `field` of struct type `type` ("net/http.Request", "Method"). Embedded structs are
 * fields under their type's name. False when the type or the field is not there.
 */
bool godwarf_field(struct godwarf *dwarf, const char *type, const char *field,
		   struct godwarf_field *field_ret);

/* Size in bytes of a type by its DWARF name. */
bool godwarf_type_size(struct godwarf *dwarf, const char *type, uint64_t *size_ret);

#define GODWARF_MAX_PIECES 8

struct godwarf_param {
	const char *name; /* borrowed; "~r0" for unnamed results */
	const char *type; /* borrowed DW_AT_name, e.g. "*net/http.Request" */
	uint64_t size;
	bool result;
	int npieces; /* 0 = location at entry unknown or optimised out */
	struct {
		bool in_reg;
		int reg;        /* DWARF register number when in_reg */
		int64_t cfa_off; /* else: offset from the CFA (address above the return address) */
		uint64_t size;
	} pieces[GODWARF_MAX_PIECES]; /* where the value is at the function's first instruction */
};

/*
 * Parameters then results of the function with linkage name `symbol`, in declaration
 * order, each once (Go up to 1.26 lists results twice in functions with defer; generic
 * functions of 1.27 start with ".dict"). Unnamed parameters and "_" are left out up to Go
 * 1.21, and are "~p0", "~p1" ... without a location from 1.22 on. *params_ret is owned by
 * the caller (free()).
 * Returns false when the function is not in the DWARF.
 */
bool godwarf_params(struct godwarf *dwarf, const char *symbol,
		    struct godwarf_param **params_ret, size_t *n_ret);

#endif
