/* SPDX-License-Identifier: MIT */
/*
 * From bound probes to sites: which places, by which tactic, or why not. Writes nothing.
 * A probe's returns stand or fall together, so that a probe fires once per call or never.
 */
#ifndef PATCH_PLAN_H
#define PATCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/meta.h"
#include "go/gobin.h"
#include "patch/spots.h"
#include "probe/bind.h"

/* Nops that the toolchain left in place are used in both. */
enum plan_mode { PLAN_DETOUR, PLAN_NOTE };

struct site {
	const struct bound_probe *probe; /* borrowed; NULL for one of --every-function */
	const struct gofunc *func;       /* borrowed */
	enum def_at at;
	struct spot spot;
	enum tactic tactic;
	bool small_nop; /* one byte only: the function has no stack check */
	uint64_t pc;    /* where the note points; detours get theirs from tramp_build() */
};

/* A probe, or one place of it, that has no site. */
struct refused {
	const struct bound_probe *probe;
	enum refusal refusal;
	const char *detail; /* borrowed, or NULL */
};

struct plan {
	enum plan_mode mode;
	struct site *sites; /* by spot address, then in the order of the definitions */
	size_t nsites;
	struct refused *refused;
	size_t nrefused;
	size_t every_functions; /* functions that --every-function gave a site */
};

/*
 * Plans the sites of the bound probes and, with `every`, one at the entry and at each
 * return of every function where it is possible. The caller owns the result, which borrows
 * `bound` and `gobin`.
 */
struct plan *plan_make(const struct gobin *gobin, const struct bound_set *bound,
		       enum plan_mode mode, bool every);
/* Whether an operand lies in, or behind, a register that a trampoline's steps set. */
bool plan_made_by_steps(const struct operand *op);

/* Whether there is a site of that tactic. */
bool plan_uses(const struct plan *plan, enum tactic tactic);

void plan_free(struct plan *plan); /* NULL is fine */

#endif
