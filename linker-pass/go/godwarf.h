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
	uint64_t type_off; /* for godwarf_type(); 0 when there is none */
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

/*
 * The function whose code starts at `entry`, in whatever package: sets *func_ret, for
 * godwarf_params_of(), and *name_ret, its linkage name with the type arguments, borrowed.
 */
bool godwarf_func_at(struct godwarf *dwarf, uint64_t entry, uint64_t *func_ret,
		     const char **name_ret);
bool godwarf_params_of(struct godwarf *dwarf, uint64_t func, struct godwarf_param **params_ret,
		       size_t *n_ret);

/* What Go says about a type (reflect.Kind's numbers). */
enum godwarf_kind {
	GODWARF_BOOL = 1,
	GODWARF_INT = 2, /* int, int8, int16, int32, int64 */
	GODWARF_UINT = 7, /* uint, uint8, uint16, uint32, uint64, uintptr */
	GODWARF_UINTPTR = 12,
	GODWARF_FLOAT32 = 13,
	GODWARF_FLOAT64,
	GODWARF_COMPLEX64,
	GODWARF_COMPLEX128,
	GODWARF_ARRAY,
	GODWARF_CHAN,
	GODWARF_FUNC,
	GODWARF_INTERFACE,
	GODWARF_MAP,
	GODWARF_POINTER,
	GODWARF_SLICE,
	GODWARF_STRING,
	GODWARF_STRUCT,
	GODWARF_UNSAFE_POINTER,
};

struct godwarf_type {
	const char *name; /* borrowed; of the type itself, where it stands for a type argument */
	int kind;         /* of what is behind the names; one of reflect.Kind's */
	uint64_t size;
	uint64_t elem;    /* the type of an element or pointee; 0 when there is none */
	uint64_t len;     /* of an array */
	uint64_t off;     /* the definition, for godwarf_members() */
};

/* The type at an offset, or of a name. */
bool godwarf_type(struct godwarf *dwarf, uint64_t off, struct godwarf_type *type_ret);
bool godwarf_type_named(struct godwarf *dwarf, const char *name, struct godwarf_type *type_ret);

/* A field of a struct, or something that a function literal has captured. */
struct godwarf_member {
	const char *name; /* borrowed */
	uint64_t offset;
	uint64_t type;
	bool embedded;
};

/* The fields of a struct type, in order. The array is the caller's: free(). */
struct godwarf_member *godwarf_members(struct godwarf *dwarf, const struct godwarf_type *type,
				       size_t *n_ret);

/* What a function literal has captured, as far as its code still uses it; from Go 1.23 on. */
struct godwarf_member *godwarf_captured(struct godwarf *dwarf, uint64_t func, size_t *n_ret);

#define GODWARF_MAX_EMBEDDED 4

/*
 * The embedded fields that lead to a promoted field of a struct, the outermost first, in
 * path_ret (borrowed); how many there are: 0 when the struct has the field itself, or none
 * leads to it. Deeper than GODWARF_MAX_EMBEDDED is not looked.
 */
size_t godwarf_promoted(struct godwarf *dwarf, const char *type, const char *field,
			const char *path_ret[GODWARF_MAX_EMBEDDED]);

#endif
