/* SPDX-License-Identifier: MIT */
/* What inject did to one file. */
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <sha2.h>

#include "base/mem.h"
#include "patch/records.h"
#include "report.h"

/* Whether it is the user's: a function of a module, whose types DWARF tells. */
static bool is_own(const struct bound_probe *probe)
{
	return probe->variant && !probe->variant->signature;
}

/* That it is not there is no news, but where a user's own function could be there. */
static bool is_absence(const struct refused *refused)
{
	if (refused->refusal == REFUSED_NOT_IN_BINARY && is_own(refused->probe))
		return !refused->detail;
	return refused->refusal == REFUSED_NOT_IN_BINARY || refused->refusal == REFUSED_VERSION;
}

size_t report_refused(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->nrefused; i++)
		n += !is_absence(&plan->refused[i]);
	return n;
}

static bool has_site(const struct plan *plan, const struct bound_probe *probe)
{
	for (size_t i = 0; i < plan->nsites; i++)
		if (plan->sites[i].probe == probe)
			return true;
	return false;
}

/* Probes with a site: the places of one definition, which follow each other, count once. */
static size_t count_probes(const struct report_file *file)
{
	const struct def_probe *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < file->bound->nprobes; i++) {
		const struct bound_probe *probe = &file->bound->probes[i];

		if (probe->def != last && has_site(file->plan, probe)) {
			last = probe->def;
			n++;
		}
	}
	return n;
}

static size_t count_inplace(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->nsites; i++)
		n += plan->sites[i].tactic == TACTIC_INLINE;
	return n;
}

static void print_reason(const struct refused *refused, FILE *out)
{
	fprintf(out, ": %s%s%s\n", refusal_text(refused->refusal), refused->detail ? ": " : "",
		refused->detail ? refused->detail : "");
}

/* Whether inlined calls pass the probe by; told once for all instances of a function. */
static bool misses_calls(const struct report_file *file, size_t i)
{
	const struct bound_probe *probe = &file->bound->probes[i];

	if (!probe->inlined_copies || !has_site(file->plan, probe))
		return false;
	while (i-- && file->bound->probes[i].variant == probe->variant)
		if (has_site(file->plan, &file->bound->probes[i]))
			return false;
	return true;
}

/* The user's own probes that the program does not have at all: it may have no use for the
 * function, or the definition has its name wrong. */
static void print_absent(const struct plan *plan, FILE *out)
{
	const struct def_probe *last = NULL;

	for (size_t i = 0; i < plan->nrefused; i++) {
		const struct refused *one = &plan->refused[i];

		if (!is_own(one->probe) || !is_absence(one) || one->probe->def == last)
			continue;
		fprintf(out, "%s %s:%s", last ? "," : "  not in this program:",
			one->probe->def->provider, one->probe->def->name);
		last = one->probe->def;
	}
	if (last)
		fputc('\n', out);
}

void report_text(const struct report_file *file, FILE *out)
{
	const struct plan *plan = file->plan;
	size_t inplace = count_inplace(plan);

	fprintf(out, "%s: %s, %zu probes, %zu sites, %zu bytes added", file->output_path,
		file->gobin->version, count_probes(file), plan->nsites,
		file->output->tail.len);
	if (plan->every_functions)
		fprintf(out, ", %zu functions", plan->every_functions);
	if (inplace)
		fprintf(out, ", %zu sites in place", inplace);
	fputc('\n', out);
	for (size_t i = 0; i < plan->nrefused; i++) {
		const struct refused *refused = &plan->refused[i];

		if (is_absence(refused))
			continue;
		fprintf(out, "  refused %s:%s", refused->probe->def->provider,
			refused->probe->def->name);
		print_reason(refused, out);
	}
	for (size_t i = 0; i < file->bound->nprobes; i++) {
		const struct bound_probe *probe = &file->bound->probes[i];

		if (misses_calls(file, i))
			fprintf(out, "  %s:%s does not see %u inlined call%s of %s\n",
				probe->def->provider, probe->def->name, probe->inlined_copies,
				probe->inlined_copies == 1 ? "" : "s", probe->variant->symbol);
	}
	print_absent(plan, out);
}

static bool same_reason(const struct refused *a, const struct refused *b)
{
	return a->refusal == b->refusal && !a->detail == !b->detail &&
	       (!a->detail || !strcmp(a->detail, b->detail));
}

/* Whether one before the i-th says the same of another probe, or another instance. */
static bool is_told(const struct plan *plan, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_own(plan->refused[j].probe) &&
		    same_reason(&plan->refused[j], &plan->refused[i]))
			return true;
	return false;
}

/* "main:pay_start, main:pay_end: REASON": the i-th refused probe and those like it. */
static void print_alike(const struct plan *plan, size_t i, FILE *out)
{
	const struct refused *first = &plan->refused[i];
	const struct def_probe *last = NULL;

	for (size_t j = i; j < plan->nrefused; j++) {
		const struct refused *one = &plan->refused[j];

		if (one->probe->def == last || !is_own(one->probe) || !same_reason(one, first))
			continue;
		fprintf(out, "%s%s:%s", last ? ", " : "", one->probe->def->provider,
			one->probe->def->name);
		last = one->probe->def;
	}
	print_reason(first, out);
}

size_t report_own(const struct report_file *file, const char *program, FILE *out)
{
	const struct plan *plan = file->plan;
	size_t others = 0;

	for (size_t i = 0; i < plan->nrefused; i++) {
		const struct refused *one = &plan->refused[i];

		if (is_absence(one))
			continue;
		if (!is_own(one->probe)) {
			others++;
		} else if (!is_told(plan, i)) {
			fprintf(out, "probes: %s: without ", program);
			print_alike(plan, i, out);
		}
	}
	return others;
}

static void add_hex(cJSON *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	cJSON_AddStringToObject(object, key, text);
}

static cJSON *probe_json(const struct plan *plan, const struct bound_probe *probe)
{
	cJSON *item = cJSON_CreateObject();
	cJSON *args = cJSON_AddArrayToObject(item, "arguments");
	cJSON *sites = cJSON_AddArrayToObject(item, "sites");

	cJSON_AddStringToObject(item, "provider", probe->def->provider);
	cJSON_AddStringToObject(item, "name", probe->def->name);
	cJSON_AddStringToObject(item, "at", def_at_name(probe->variant->at));
	cJSON_AddStringToObject(item, "function", probe->func->name);
	cJSON_AddNumberToObject(item, "inlined_copies", probe->inlined_copies);
	for (int i = 0; i < probe->nargs; i++) {
		cJSON *arg = cJSON_CreateObject();

		cJSON_AddStringToObject(arg, "name", probe->args[i].name);
		cJSON_AddStringToObject(arg, "type", probe->args[i].type);
		cJSON_AddItemToArray(args, arg);
	}
	for (size_t i = 0; i < plan->nsites; i++) {
		if (plan->sites[i].probe != probe)
			continue;
		cJSON *site = cJSON_CreateObject();

		add_hex(site, "address", plan->sites[i].pc);
		add_hex(site, "displaced", plan->sites[i].spot.addr);
		cJSON_AddStringToObject(site, "tactic", tactic_name(plan->sites[i].tactic));
		cJSON_AddItemToArray(sites, site);
	}
	return item;
}

static cJSON *refused_json(const struct refused *refused)
{
	const struct bound_probe *probe = refused->probe;
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "provider", probe->def->provider);
	cJSON_AddStringToObject(item, "name", probe->def->name);
	if (probe->variant)
		cJSON_AddStringToObject(item, "function", probe->variant->symbol);
	cJSON_AddStringToObject(item, "reason", refusal_id(refused->refusal));
	cJSON_AddStringToObject(item, "text", refusal_text(refused->refusal));
	if (refused->detail)
		cJSON_AddStringToObject(item, "detail", refused->detail);
	return item;
}

cJSON *report_json(const struct report_file *file)
{
	cJSON *item = cJSON_CreateObject();
	double in = (double)file->output->original_size;

	cJSON_AddStringToObject(item, "input", file->input);
	cJSON_AddStringToObject(item, "output", file->output_path);
	cJSON_AddStringToObject(item, "go_version", file->gobin->version);
	cJSON_AddStringToObject(item, "mode", file->plan->mode == PLAN_NOTE ? "note" : "detour");
	cJSON_AddBoolToObject(item, "dwarf", file->bound->used_dwarf);
	cJSON_AddNumberToObject(item, "input_size", in);
	cJSON_AddNumberToObject(item, "output_size", in + (double)file->output->tail.len);
	cJSON_AddNumberToObject(item, "segment_size", (double)file->output->added);
	cJSON_AddStringToObject(item, "input_digest", file->input_digest);
	cJSON_AddStringToObject(item, "output_digest", file->output_digest);
	cJSON_AddNumberToObject(item, "functions_with_every_site",
				(double)file->plan->every_functions);

	cJSON *probes = cJSON_AddArrayToObject(item, "probes");
	cJSON *refused = cJSON_AddArrayToObject(item, "refused");

	for (size_t i = 0; i < file->bound->nprobes; i++)
		if (has_site(file->plan, &file->bound->probes[i]))
			cJSON_AddItemToArray(probes,
					     probe_json(file->plan, &file->bound->probes[i]));
	for (size_t i = 0; i < file->plan->nrefused; i++)
		cJSON_AddItemToArray(refused, refused_json(&file->plan->refused[i]));
	return item;
}

void report_digest(const struct image *image, char digest_ret[72])
{
	SHA2_CTX context;
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char *at = digest_ret;

	SHA256Init(&context);
	SHA256Update(&context, image->data, image->size);
	SHA256Final(hash, &context);
	at += sprintf(at, "sha256:");
	for (size_t i = 0; i < sizeof(hash); i++)
		at += sprintf(at, "%02x", hash[i]);
}
