/* SPDX-License-Identifier: MIT */
/* Which loads a trampoline makes, and into which registers. */
#include <string.h>

#include "probe/loads.h"

struct err *chain_hop(struct chain *chain, int64_t offset)
{
	if (chain->nhops == BOUND_MAX_LOADS)
		return err_new("more than %d pointers to follow", BOUND_MAX_LOADS + 1);
	chain->hops[chain->nhops++] = offset;
	return NULL;
}

/* Whether the first pointers of `longer` are those of `shorter`. */
static bool is_prefix(const struct chain *shorter, const struct chain *longer)
{
	return shorter->root == longer->root && shorter->nhops <= longer->nhops &&
	       !memcmp(shorter->hops, longer->hops,
		       (size_t)shorter->nhops * sizeof(*shorter->hops));
}

int loads_intern(struct loads *loads, const struct chain *chain)
{
	for (int i = 0; i < loads->count; i++) {
		if (loads->chains[i].nhops == chain->nhops && is_prefix(&loads->chains[i], chain))
			return i;
	}
	loads->chains[loads->count] = *chain;
	return loads->count++;
}

/* The longest chain already loaded with which this one begins, or -1. */
static int longest_loaded(const struct loads *loads, const enum reg *bases, int index)
{
	const struct chain *chain = &loads->chains[index];
	int best = -1;

	for (int i = 0; i < loads->count; i++) {
		const struct chain *other = &loads->chains[i];

		if (i == index || !other->nhops || bases[i] == REG_NONE ||
		    !is_prefix(other, chain))
			continue;
		if (best < 0 || other->nhops > loads->chains[best].nhops)
			best = i;
	}
	return best;
}

static int count_loads(const struct bound_probe *bound)
{
	int count = 0;

	for (int i = 0; i < bound->nsteps; i++)
		count += bound->steps[i].kind == STEP_LOAD;
	return count;
}

static struct err *load_chain(const struct loads *loads, enum reg *bases, int index,
			      enum reg dst, struct bound_probe *bound)
{
	const struct chain *chain = &loads->chains[index];
	int from = longest_loaded(loads, bases, index);
	enum reg base = from < 0 ? chain->root : bases[from];

	for (int i = from < 0 ? 0 : loads->chains[from].nhops; i < chain->nhops; i++) {
		if (count_loads(bound) == BOUND_MAX_LOADS)
			return err_new("the values take more than %d loads", BOUND_MAX_LOADS);
		bound->steps[bound->nsteps++] = (struct bound_step){
			.kind = STEP_LOAD, .dst = dst,
			.from = { OPERAND_MEM, 8, base, chain->hops[i] },
		};
		base = dst;
	}
	bases[index] = dst;
	return NULL;
}

/* The shortest chain that is not loaded yet, or -1: prefixes come first. */
static int next_chain(const struct loads *loads, const enum reg *bases)
{
	int best = -1;

	for (int i = 0; i < loads->count; i++) {
		if (bases[i] != REG_NONE)
			continue;
		if (best < 0 || loads->chains[i].nhops < loads->chains[best].nhops)
			best = i;
	}
	return best;
}

struct err *loads_scratch(int *used, enum reg *reg_ret)
{
	static const enum reg scratch[] = { REG_R12, REG_R13 };
	const int count = sizeof(scratch) / sizeof(*scratch);

	if (*used == count)
		return err_new("the values take more than %d registers for pointers that must be "
			       "loaded and what is translated", count);
	*reg_ret = scratch[(*used)++];
	return NULL;
}

struct err *loads_plan(const struct loads *loads, enum reg bases[LOADS_MAX_CHAINS],
		       struct bound_probe *bound, int *used)
{
	int index;

	for (int i = 0; i < loads->count; i++)
		bases[i] = loads->chains[i].nhops ? REG_NONE : loads->chains[i].root;
	while ((index = next_chain(loads, bases)) >= 0) {
		enum reg dst = REG_NONE;

		TRY(loads_scratch(used, &dst));
		TRY(load_chain(loads, bases, index, dst, bound));
	}
	return NULL;
}
