/* SPDX-License-Identifier: MIT */
/* Whether a definition's signature agrees with the binary's DWARF. */
#ifndef PROBE_PARAMCHECK_H
#define PROBE_PARAMCHECK_H

#include "go/godwarf.h"
#include "probe/abi.h"

/*
 * Compares count, sizes and, for parameters, registers at entry. NULL when they agree or
 * the DWARF does not have the function; else a sentence that the caller owns.
 */
char *paramcheck(struct godwarf *dwarf, const char *symbol, const struct gotype_func *func,
		 const struct abi_value *values);

/* The same with the parameters of the DWARF. */
char *paramcheck_params(const struct godwarf_param *params, size_t count,
			const struct gotype_func *func, const struct abi_value *values);

#endif
