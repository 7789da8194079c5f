/* SPDX-License-Identifier: MIT */
/* Value expressions to operands, for one function of one binary. */
#ifndef PROBE_ARG_H
#define PROBE_ARG_H

#include "probe/abi.h"
#include "probe/bind.h"
#include "probe/fields.h"

/*
 * Fills args, nargs, steps and nsteps of `bound` (whose def and variant are set), or its
 * refusal and detail when a struct's layout is not known. `values` are where the ABI puts
 * the parameters and results of `func`. An error means a definition that is wrong.
 */
struct err *arg_bind(struct fields *fields, const struct gotype_func *func,
		     const struct abi_value *values, struct bound_probe *bound);

#endif
