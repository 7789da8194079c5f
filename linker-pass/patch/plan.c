/* SPDX-License-Identifier: MIT */
/* Plans a tactic or a refusal for each bound probe. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "patch/plan.h"

/* What the stages below share while one plan is made. */
struct planner {
	const struct gobin *gobin;
	struct insn_decoder *decoder;
	struct plan *plan;
	size_t sites_cap, refused_cap;
};

static void refuse(struct planner *planner, const struct bound_probe *probe,
		   enum refusal refusal, const char *detail)
{
	struct plan *plan = planner->plan;

	mem_grow(&plan->refused, plan->nrefused, &planner->refused_cap, sizeof(*plan->refused));
	plan->refused[plan->nrefused++] = (struct refused){ probe, refusal, detail };
}

/* In note mode a probe points at the first instruction it could displace. */
static void aim_note(const struct image *image, struct site *site)
{
	const uint8_t *code;

	site->pc = site->spot.addr + site->spot.pre;
	code = image_at(image, site->pc, 1);
	/* The kernel emulates push; it must step over the other instructions. */
	site->tactic = code && *code == 0x55 ? TACTIC_NOTE : TACTIC_NOTE_STEP;
}

/* The nop is there already; only a trampoline can hold steps. */
static void aim_inplace(enum plan_mode mode, struct site *site)
{
	site->pc = site->spot.addr;
	site->tactic = TACTIC_INLINE;
	if (mode == PLAN_DETOUR && !site->spot.fixed && site->probe && site->probe->nsteps)
		site->tactic = TACTIC_DETOUR;
}

static void add_site(struct planner *planner, const struct bound_probe *probe,
		     const struct gofunc *func, enum def_at at, bool small_nop,
		     const struct spot *spot)
{
	struct plan *plan = planner->plan;
	struct site site = {
		.probe = probe,
		.func = func,
		.at = at,
		.spot = *spot,
		.tactic = TACTIC_DETOUR,
		.small_nop = small_nop,
	};

	if (spot->inplace)
		aim_inplace(plan->mode, &site);
	else if (plan->mode == PLAN_NOTE)
		aim_note(planner->gobin->image, &site);
	mem_grow(&plan->sites, plan->nsites, &planner->sites_cap, sizeof(*plan->sites));
	plan->sites[plan->nsites++] = site;
}

/* Refusals that only matter to a tactic that moves bytes. */
static enum refusal for_mode(enum plan_mode mode, enum refusal refusal)
{
	if (mode == PLAN_NOTE && (refusal == REFUSED_NO_ROOM || refusal == REFUSED_BRANCH_INTO))
		return REFUSED_NONE;
	return refusal;
}

static enum refusal returns_refusal(enum plan_mode mode, const struct spots *spots)
{
	enum refusal refusal = for_mode(mode, spots->returns_refusal);

	for (size_t i = 0; i < spots->nreturns && !refusal; i++)
		refusal = for_mode(mode, spots->returns[i].refusal);
	return refusal;
}

bool plan_made_by_steps(const struct operand *op)
{
	return op->kind != OPERAND_CONST && (op->reg == REG_R12 || op->reg == REG_R13);
}

/* Whether the probe looks before it fires, or cannot do without what its steps make. */
static bool needs_trampoline(const struct bound_probe *probe)
{
	for (int i = 0; i < probe->nsteps; i++)
		if (probe->steps[i].kind != STEP_LOAD && probe->steps[i].kind != STEP_NUMBER &&
		    probe->steps[i].kind != STEP_ERRTEXT)
			return true;
	for (int i = 0; i < probe->nargs; i++)
		if (plan_made_by_steps(&probe->args[i].op) && !probe->args[i].optional)
			return true;
	return false;
}

/* Why the probe's steps cannot have a trampoline at these spots; NULL when they can. */
static const char *no_trampoline(enum plan_mode mode, const struct spots *spots, enum def_at at)
{
	const struct spot *spot = at == DEF_ENTRY ? &spots->entry : spots->returns;

	if (mode == PLAN_NOTE)
		return "note mode";
	return spot->fixed ? refusal_text(spot->fixed) : NULL;
}

/*
 * Whether the function is to be taken without a stack check. Whoever wrote it cannot know
 * that it has none, so where a definition leaves the signature to DWARF it is taken as it is.
 */
static bool find_spots(const struct planner *planner, const struct bound_probe *probe,
		       struct spots *spots_ret)
{
	const struct image *image = planner->gobin->image;
	bool nosplit = probe->variant->nosplit;

	spots_find(planner->decoder, image, probe->func, nosplit, spots_ret);
	if (spots_ret->entry.refusal != REFUSED_NO_STACK_CHECK || probe->variant->signature)
		return nosplit;
	spots_free(spots_ret);
	spots_find(planner->decoder, image, probe->func, true, spots_ret);
	return true;
}

/* More about a refusal, where the reader can do something about it. */
static const char *advice(const struct planner *planner, const struct bound_probe *probe,
			  enum refusal refusal)
{
	if (refusal != REFUSED_NO_FRAME || probe->variant->signature)
		return NULL;
	if (planner->gobin->minor < 21)
		return "too small for a jump; from Go 1.21 on `toolexec --mode inline` makes room";
	return "too small for a jump; build with -toolexec=\"probes toolexec --mode inline\"";
}

static void plan_probe(struct planner *planner, const struct bound_probe *probe, bool nosplit,
		       const struct spots *spots)
{
	enum plan_mode mode = planner->plan->mode;
	enum def_at at = probe->variant->at;
	enum refusal refusal;

	if (at == DEF_ENTRY)
		refusal = for_mode(mode, spots->entry.refusal);
	else
		refusal = returns_refusal(mode, spots);
	if (refusal) {
		refuse(planner, probe, refusal, advice(planner, probe, refusal));
		return;
	}

	const char *obstacle = no_trampoline(mode, spots, at);

	if (obstacle && needs_trampoline(probe)) {
		refuse(planner, probe, REFUSED_NEEDS_TRAMPOLINE, obstacle);
		return;
	}
	if (at == DEF_ENTRY)
		add_site(planner, probe, probe->func, at, nosplit, &spots->entry);
	for (size_t i = 0; at == DEF_RETURN && i < spots->nreturns; i++)
		add_site(planner, probe, probe->func, at, nosplit, &spots->returns[i]);
}

static void plan_every(struct planner *planner)
{
	const struct gobin *gobin = planner->gobin;
	struct spots spots;

	for (size_t i = 0; i < gobin->nfuncs; i++) {
		const struct gofunc *func = &gobin->funcs[i];
		size_t before = planner->plan->nsites;

		spots_find(planner->decoder, gobin->image, func, false, &spots);
		if (!spots.entry.refusal)
			add_site(planner, NULL, func, DEF_ENTRY, false, &spots.entry);
		if (spots.returns_refusal != REFUSED_NO_STACK_CHECK &&
		    spots.returns_refusal != REFUSED_NO_FRAME)
			for (size_t j = 0; j < spots.nreturns; j++)
				if (!spots.returns[j].refusal)
					add_site(planner, NULL, func, DEF_RETURN, false,
						 &spots.returns[j]);
		planner->plan->every_functions += planner->plan->nsites != before;
		spots_free(&spots);
	}
}

static int compare_sites(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->spot.addr != y->spot.addr)
		return x->spot.addr < y->spot.addr ? -1 : 1;
	if (!x->probe != !y->probe)
		return x->probe ? -1 : 1;
	return x->probe < y->probe ? -1 : x->probe > y->probe;
}

/* A detour over an in-place site takes all probes there along: none would meet the nop. */
static void join_detours(struct plan *plan)
{
	size_t n;

	for (size_t i = 0; i < plan->nsites; i += n) {
		struct site *first = &plan->sites[i];
		bool detour = false;

		for (n = 0; i + n < plan->nsites && first[n].spot.addr == first->spot.addr; n++)
			detour |= first[n].tactic == TACTIC_DETOUR;
		for (size_t j = 0; j < n && detour; j++)
			first[j].tactic = TACTIC_DETOUR;
	}
}

bool plan_uses(const struct plan *plan, enum tactic tactic)
{
	for (size_t i = 0; i < plan->nsites; i++)
		if (plan->sites[i].tactic == tactic)
			return true;
	return false;
}

struct plan *plan_make(const struct gobin *gobin, const struct bound_set *bound,
		       enum plan_mode mode, bool every)
{
	struct planner planner = {
		.gobin = gobin,
		.decoder = insn_decoder_new(),
		.plan = mem_zalloc(sizeof(struct plan)),
	};

	planner.plan->mode = mode;
	for (size_t i = 0; i < bound->nprobes; i++) {
		const struct bound_probe *probe = &bound->probes[i];
		struct spots spots;

		if (probe->refusal) {
			refuse(&planner, probe, probe->refusal, probe->detail);
			continue;
		}
		bool nosplit = find_spots(&planner, probe, &spots);

		plan_probe(&planner, probe, nosplit, &spots);
		spots_free(&spots);
	}
	if (every)
		plan_every(&planner);
	if (planner.plan->nsites)
		qsort(planner.plan->sites, planner.plan->nsites, sizeof(struct site),
		      compare_sites);
	join_detours(planner.plan);
	insn_decoder_free(planner.decoder);
	return planner.plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->sites);
	free(plan->refused);
	free(plan);
}
