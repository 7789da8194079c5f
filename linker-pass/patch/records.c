/* SPDX-License-Identifier: MIT */
/* Notes of a plan. */
#include <stdlib.h>

#include "base/mem.h"
#include "elf/meta.h"
#include "elf/sdt.h"
#include "patch/records.h"
#include "version.h"

const char *records_provider(const struct site *site)
{
	return site->probe ? site->probe->def->provider : "every_function";
}

const char *records_name(const struct site *site)
{
	if (site->probe)
		return site->probe->def->name;
	return def_at_name(site->at);
}

static void put_probe(struct buf *out, const struct bound_probe *probe)
{
	struct meta_probe record = {
		.provider = probe->def->provider,
		.name = probe->def->name,
		.at = (uint8_t)probe->def->at,
		.nargs = (uint8_t)probe->nargs,
	};

	for (int i = 0; i < probe->nargs; i++)
		record.args[i] = (struct meta_arg){ probe->args[i].name, probe->args[i].type,
						    probe->args[i].of };
	meta_put_probe(out, &record);
}

static void put_enum(struct buf *out, const struct def_enum *numbers,
		     const struct bound_probe *const *probes, size_t n)
{
	struct meta_enum record = { .name = numbers->name, .nvalues = numbers->nvalues };
	struct meta_enum_use *uses;
	size_t nuses = 0;

	record.values = mem_zalloc((record.nvalues + 1) * sizeof(*record.values));
	for (size_t i = 0; i < record.nvalues; i++)
		record.values[i] = (struct meta_enum_value){ numbers->values[i].value,
							     numbers->values[i].name };
	uses = mem_zalloc(n * BOUND_MAX_ARGS * sizeof(*uses));
	for (size_t i = 0; i < n; i++)
		for (int j = 0; j < probes[i]->nargs; j++)
			if (probes[i]->args[j].numbers == numbers)
				uses[nuses++] = (struct meta_enum_use){
					.provider = probes[i]->def->provider,
					.probe = probes[i]->def->name,
					.arg = (uint8_t)j,
				};
	meta_put_enum(out, &record, uses, nuses);
	free(record.values);
	free(uses);
}

/* Whether an argument before the j-th of the i-th probe has its enumeration. */
static bool earlier_use(const struct bound_probe *const *probes, size_t i, int j)
{
	const struct def_enum *numbers = probes[i]->args[j].numbers;

	for (size_t k = 0; k <= i; k++)
		for (int l = 0; l < (k < i ? probes[k]->nargs : j); l++)
			if (probes[k]->args[l].numbers == numbers)
				return true;
	return false;
}

/* One record for each enumeration, at its first use. */
static void put_enums(struct buf *out, const struct bound_probe *const *probes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int j = 0; j < probes[i]->nargs; j++)
			if (probes[i]->args[j].numbers && !earlier_use(probes, i, j))
				put_enum(out, probes[i]->args[j].numbers, probes, n);
}

/* By definition: the places of one probe come together. */
static int by_definition(const void *a, const void *b)
{
	const struct bound_probe *x = *(const struct bound_probe *const *)a;
	const struct bound_probe *y = *(const struct bound_probe *const *)b;

	if (x->def != y->def)
		return x->def < y->def ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* One record for each probe that has a site, in the order of the definitions. */
static void put_probes(struct buf *out, const struct plan *plan)
{
	const struct bound_probe **probes = mem_zalloc((plan->nsites + 1) * sizeof(*probes));
	size_t nall = 0, n = 0;

	for (size_t i = 0; i < plan->nsites; i++)
		if (plan->sites[i].probe)
			probes[nall++] = plan->sites[i].probe;
	if (nall)
		qsort(probes, nall, sizeof(*probes), by_definition);
	for (size_t i = 0; i < nall; i++)
		if (!n || probes[i]->def != probes[n - 1]->def)
			probes[n++] = probes[i];
	for (size_t i = 0; i < n; i++)
		put_probe(out, probes[i]);
	put_enums(out, probes, n);
	free(probes);
}

static void put_refused(struct buf *out, const struct refused *refused)
{
	const struct bound_probe *probe = refused->probe;
	struct meta_refused record = {
		.refusal = (uint8_t)refused->refusal,
		.provider = probe->def->provider,
		.name = probe->def->name,
		.func = probe->function ? probe->function
					: probe->variant ? probe->variant->symbol : "",
		.detail = refused->detail ? refused->detail : "",
	};

	meta_put_refused(out, &record);
}

static void put_undo(struct buf *out, const struct image *image, const struct edit *edits,
		     size_t nedits, size_t *sums_at_ret)
{
	struct meta meta = { .original_size = image->size, .nundo = nedits };

	meta.undo = mem_zalloc((nedits + 1) * sizeof(*meta.undo));
	for (size_t i = 0; i < nedits; i++)
		meta.undo[i] = (struct meta_undo_piece){
			edits[i].off, edits[i].len,
			image_bytes(image, edits[i].off, edits[i].len)
		};
	meta_put_undo(out, &meta, sums_at_ret);
	free(meta.undo);
}

void records_put_meta(struct buf *out, const struct image *image, const struct gobin *gobin,
		      const struct plan *plan, const struct edit *edits, size_t nedits,
		      const char *options, size_t *sums_at_ret)
{
	struct meta header = {
		.contract = META_CONTRACT,
		.tool_version = PROBES_VERSION,
		.go_version = gobin->version,
		.options = options,
	};

	meta_put_header(out, &header);
	put_probes(out, plan);
	for (size_t i = 0; i < plan->nsites; i++) {
		const struct site *site = &plan->sites[i];
		struct meta_site record = {
			.pc = site->pc,
			.func_addr = site->func->entry,
			.tactic = (uint8_t)site->tactic,
			.provider = records_provider(site),
			.name = records_name(site),
			.func = site->func->name,
		};

		meta_put_site(out, &record);
	}
	for (size_t i = 0; i < plan->nrefused; i++)
		put_refused(out, &plan->refused[i]);
	put_undo(out, image, edits, nedits, sums_at_ret);
}

/* Operands are said for the function's entry; the site knows where %rsp is. */
static struct operand at_site(struct operand op, const struct site *site)
{
	if (op.kind != OPERAND_CONST && op.reg == REG_ENTRY_SP) {
		op.reg = REG_RSP;
		op.value += site->spot.depth;
	}
	return op;
}

size_t records_put_notes(struct buf *out, const struct plan *plan, uint64_t base)
{
	struct buf args = { 0 };

	for (size_t i = 0; i < plan->nsites; i++) {
		const struct site *site = &plan->sites[i];

		args.len = 0;
		for (int j = 0; site->probe && j < site->probe->nargs; j++) {
			const struct bound_arg *arg = &site->probe->args[j];
			struct operand op = at_site(arg->op, site);

			if (site->tactic != TACTIC_DETOUR && plan_made_by_steps(&op))
				op = (struct operand){ OPERAND_CONST, op.size, REG_NONE, 0 };

			if (j)
				buf_u8(&args, ' ');
			sdt_put_operand(&args, &op);
		}
		buf_u8(&args, 0);

		struct sdt_note note = {
			.pc = site->pc,
			.base = base,
			.provider = records_provider(site),
			.name = records_name(site),
			.args = (const char *)args.data,
		};

		sdt_put_note(out, &note);
	}
	buf_free(&args);
	return plan->nsites;
}
