/* SPDX-License-Identifier: MIT */
/*
 * The functions of a binary that a definition without a signature means: one, or for a
 * generic function each instance, whose linker symbol has type arguments in brackets,
 * "pkg.Map[go.shape.int]" ("pkg.Map[...]" for all of them up to Go 1.20).
 */
#ifndef PROBE_INSTANCE_H
#define PROBE_INSTANCE_H

#include "go/gobin.h"
#include "go/godwarf.h"
#include "probe/def.h"

struct instance {
	const struct gofunc *func; /* borrowed */
	const char *name;          /* with the type arguments; borrowed */
	uint64_t dwarf;            /* for godwarf_params_of(); 0 when DWARF has it not */
};

/*
 * By name, then address. The array is the caller's: free(). `dwarf` may be NULL. Methods
 * that only fetch the dictionary for an instance are none.
 */
struct instance *instance_find(const struct gobin *gobin, struct godwarf *dwarf,
			       const struct def_probe *def, const struct def_variant *variant,
			       size_t *n_ret);

enum instance_program {
	INSTANCE_OWN,     /* the definition is about this program, or any */
	INSTANCE_FOREIGN, /* about another one's package main */
	/* The program was built from files, without its import path, and the definitions know
	 * more than one package main: this may be any of them. */
	INSTANCE_UNSURE,
};

enum instance_program instance_program(const struct gobin *gobin, const struct def_set *defs,
				       const struct def_probe *def);

#endif
