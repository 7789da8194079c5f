/* SPDX-License-Identifier: MIT */
/*
 * Go types as definitions write them: builtins, *T, []T, [N]T, map, chan, func(...),
 * interface{...}, struct{...}, and named types, bare (of the definition's package) or with
 * their import path ("net/url.URL"). What a pointer points to is kept as text only, so
 * that no definition of it is needed. Sizes are those of amd64.
 */
#ifndef PROBE_GOTYPE_H
#define PROBE_GOTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "probe/def.h"
#include "probe/golex.h"

enum gotype_kind {
	GOTYPE_BOOL,
	GOTYPE_INT,
	GOTYPE_FLOAT,
	GOTYPE_COMPLEX,
	GOTYPE_STRING,
	GOTYPE_SLICE,
	GOTYPE_IFACE, /* error, any, interface{...} */
	GOTYPE_PTR,
	GOTYPE_WORD, /* map, chan, func, unsafe.Pointer */
	GOTYPE_ARRAY,
	GOTYPE_STRUCT,
};

struct gotype;

struct gotype_field {
	char *name;
	struct gotype *type;
	bool shared; /* "a, b T": b's type is a's */
	uint64_t offset;
};

struct gotype {
	enum gotype_kind kind;
	bool is_signed; /* INT */
	uint64_t size, align;
	char *name;                  /* as written, bare names qualified */
	char *pointee;               /* PTR: what it points to, qualified */
	struct gotype *elem;         /* ARRAY */
	uint64_t len;                /* ARRAY */
	struct gotype_field *fields; /* STRUCT */
	size_t nfields;
};

/* Where names are looked up. */
struct gotype_env {
	const struct def_set *defs; /* borrowed; its `types` are used. NULL = builtins only */
	unsigned minor;
	const char *package; /* of bare names; borrowed */
};

/*
 * Parses the type at in->pos and moves past it. With env NULL only the syntax is checked
 * (a named type then counts as one word). The caller owns *type_ret. On an error in->pos
 * is where it is.
 */
struct err *gotype_parse(struct golex *in, const struct gotype_env *env,
			 struct gotype **type_ret);
void gotype_free(struct gotype *type); /* NULL is fine */

struct gotype_param {
	char *name; /* "" when a single result has none */
	struct gotype *type;
	bool shared; /* as in gotype_field */
	bool result;
	bool context; /* no parameter, but what a function literal has captured */
};

/* A variable that a function literal has captured, in the struct that RDX points at. */
struct gotype_captured {
	char *name, *type; /* the type's name */
	uint64_t offset;
	bool by_reference; /* a pointer to it is there */
};

/* Receiver and parameters, then results. */
struct gotype_func {
	struct gotype_param *params;
	size_t nparams;
	struct gotype_captured *captured; /* as DWARF tells; definitions name a parameter for it */
	size_t ncaptured;
	bool from_dwarf;
};

/*
 * Parses "func(a, b T) (r R, err error)": every parameter has a name, the receiver comes
 * first, a single result may do without a name. Otherwise as gotype_parse().
 */
struct err *gotype_parse_func(struct golex *in, const struct gotype_env *env,
			      struct gotype_func **func_ret);
void gotype_func_free(struct gotype_func *func); /* NULL is fine */

/* Appends a parameter or result, taking over its name and type. */
void gotype_func_add(struct gotype_func *func, struct gotype_param param);

/*
 * "a, b" in front of a type, for struct fields and parameters; *n_ret is 0 when the type
 * stands alone. Names and array are the caller's: gotype_names_free().
 */
struct err *gotype_parse_names(struct golex *in, char ***names_ret, size_t *n_ret);
void gotype_names_free(char **names, size_t n);

/* Length of the package path at the front of a linker symbol or qualified type name:
 * 8 for "net/http.(*conn).serve"; 0 when there is none. */
size_t gotype_package_len(const char *symbol);

#endif
