/* SPDX-License-Identifier: MIT */
/*
 * Pointer chains: a value two or more pointers away is read from a register into which the
 * trampoline loaded the last pointer but one. There are two such registers, R12 and R13,
 * both scratch in ABIInternal at a function's entry and return. What is translated takes one
 * of them, too.
 */
#ifndef PROBE_LOADS_H
#define PROBE_LOADS_H

#include "base/err.h"
#include "elf/operand.h"
#include "probe/bind.h"

/* From a register through `nhops` pointers: *(*(root + hops[0]) + hops[1]) ... */
struct chain {
	enum reg root;
	int64_t hops[BOUND_MAX_LOADS];
	int nhops;
};

#define LOADS_MAX_CHAINS (2 * BOUND_MAX_ARGS)

struct loads {
	struct chain chains[LOADS_MAX_CHAINS];
	int count;
};

/* Adds one pointer to the chain. An error when there are too many. */
struct err *chain_hop(struct chain *chain, int64_t offset);

/* The index of a chain equal to this one; adds it when new. */
int loads_intern(struct loads *loads, const struct chain *chain);

/*
 * Gives each chain its base register, bases[index], and adds the loads it takes to the steps
 * of `bound`. *used is how many scratch registers are taken. An error when two registers or
 * BOUND_MAX_LOADS loads do not suffice.
 */
struct err *loads_plan(const struct loads *loads, enum reg bases[LOADS_MAX_CHAINS],
		       struct bound_probe *bound, int *used);

/* The next scratch register. An error when none is left. */
struct err *loads_scratch(int *used, enum reg *reg_ret);

#endif
