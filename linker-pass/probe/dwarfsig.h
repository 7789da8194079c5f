/* SPDX-License-Identifier: MIT */
/* Signatures and types of arguments from DWARF, for definitions that do not say them. */
#ifndef PROBE_DWARFSIG_H
#define PROBE_DWARFSIG_H

#include "go/godwarf.h"
#include "probe/fields.h"
#include "probe/gotype.h"

/*
 * The signature of a function by its parameters in DWARF (godwarf_params_of). `name` is its
 * linkage name with type arguments: the code of a generic function has a dictionary among its
 * parameters, which DWARF mentions from Go 1.27 on. Results without a name are called r0,
 * r1 ..., and err where the last of them is an error. NULL when a type is none that Go has,
 * with *detail_ret, a sentence; else owned by the caller.
 */
struct gotype_func *dwarfsig(struct godwarf *dwarf, uint64_t func, const char *name,
			     unsigned minor, const struct godwarf_param *params, size_t n,
			     char **detail_ret);

/* Whether the symbol is that of a function literal, or of what the compiler makes around a
 * call: "F.func1". */
bool dwarfsig_is_literal(const char *symbol);

/*
 * How an argument with a value of the Go type `type` is documented: "int64", "string",
 * "[]byte", "error" ...; owned by the caller. An error when tracers cannot read such values
 * or nothing is known of the type.
 */
struct err *dwarfsig_arg(struct fields *fields, const char *type, char **arg_ret);

#endif
