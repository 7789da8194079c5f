/* SPDX-License-Identifier: MIT */
/* `probes list --json`; docs/list.schema.json describes the document. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "elf/sdt.h"
#include "tracer/listing.h"
#include "probe/pattern.h"
#include "probe/refusal.h"
#include "table.h"

static void add_text(cJSON *object, const char *key, const char *text)
{
	char *safe = table_escape(text);

	cJSON_AddStringToObject(object, key, safe);
	free(safe);
}

/* Addresses are strings, as JSON numbers lose bits above 2^53. */
static void add_address(cJSON *object, const char *key, uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	cJSON_AddStringToObject(object, key, text);
}

/* The operands of a site, one string each. */
static void add_operands(cJSON *object, const char *args)
{
	cJSON *array = cJSON_AddArrayToObject(object, "operands");

	while (*args) {
		struct operand op;
		bool known;
		const char *start = args, *end;

		sdt_parse_operand(&args, &op, &known);
		for (end = args; end > start && (end[-1] == ' ' || end[-1] == '\t'); end--)
			;
		while (start < end && (*start == ' ' || *start == '\t'))
			start++;
		if (start == end)
			continue;
		char *word = mem_strndup(start, (size_t)(end - start));
		char *safe = table_escape(word);

		cJSON_AddItemToArray(array, cJSON_CreateString(safe));
		free(safe);
		free(word);
	}
}

static void add_site(cJSON *array, const struct list_site *site)
{
	cJSON *object = cJSON_CreateObject();

	add_address(object, "address", site->pc);
	if (site->semaphore)
		add_address(object, "semaphore", site->semaphore);
	add_operands(object, site->args);
	if (site->meta) {
		cJSON_AddStringToObject(object, "tactic",
					tactic_name((enum tactic)site->meta->tactic));
		add_text(object, "function", site->meta->func);
		add_address(object, "function_address", site->meta->func_addr);
	}
	cJSON_AddItemToArray(array, object);
}

static void add_enum(cJSON *arg, const struct meta_enum *numbers)
{
	cJSON *array = cJSON_AddArrayToObject(arg, "enum");

	for (size_t i = 0; i < numbers->nvalues; i++) {
		cJSON *item = cJSON_CreateObject();

		cJSON_AddNumberToObject(item, "value", numbers->values[i].value);
		add_text(item, "name", numbers->values[i].name);
		cJSON_AddItemToArray(array, item);
	}
}

static void add_args(cJSON *object, const struct meta *file, const struct meta_probe *meta)
{
	cJSON *array = cJSON_AddArrayToObject(object, "args");

	for (int i = 0; i < meta->nargs; i++) {
		const struct meta_enum *numbers = meta_find_enum(file, meta, i);
		cJSON *arg = cJSON_CreateObject();

		add_text(arg, "name", meta->args[i].name);
		add_text(arg, "type", meta->args[i].type);
		add_text(arg, "of", meta->args[i].of);
		if (numbers)
			add_enum(arg, numbers);
		cJSON_AddItemToArray(array, arg);
	}
}

static void add_probe(cJSON *array, const struct meta *file, const struct list_probe *probe)
{
	cJSON *object = cJSON_CreateObject(), *sites;

	add_text(object, "provider", probe->provider);
	add_text(object, "name", probe->name);
	if (probe->meta) {
		cJSON_AddStringToObject(object, "at", probe->meta->at ? "return" : "entry");
		add_args(object, file, probe->meta);
	}
	sites = cJSON_AddArrayToObject(object, "sites");
	for (size_t i = 0; i < probe->nsites; i++)
		add_site(sites, &probe->sites[i]);
	cJSON_AddItemToArray(array, object);
}

static void add_refused(cJSON *array, const struct meta_refused *refused)
{
	cJSON *object = cJSON_CreateObject();

	add_text(object, "provider", refused->provider);
	add_text(object, "name", refused->name);
	add_text(object, "function", refused->func);
	cJSON_AddStringToObject(object, "reason", refusal_id((enum refusal)refused->refusal));
	add_text(object, "detail", refused->detail);
	cJSON_AddItemToArray(array, object);
}

static void add_file(cJSON *array, const struct listing *listing, const char *const *patterns,
		     int npatterns)
{
	cJSON *object = cJSON_CreateObject(), *probes, *refused;
	const struct meta *meta = listing->meta;

	add_text(object, "path", listing->path);
	if (meta) {
		cJSON_AddNumberToObject(object, "contract", meta->contract);
		add_text(object, "go_version", meta->go_version);
		add_text(object, "tool_version", meta->tool_version);
	}
	probes = cJSON_AddArrayToObject(object, "probes");
	for (size_t i = 0; i < listing->nprobes; i++)
		add_probe(probes, meta, &listing->probes[i]);
	if (meta) {
		refused = cJSON_AddArrayToObject(object, "refused");
		for (size_t i = 0; i < meta->nrefused; i++)
			if (pattern_match_any(patterns, npatterns, meta->refused[i].provider,
					      meta->refused[i].name))
				add_refused(refused, &meta->refused[i]);
	}
	cJSON_AddItemToArray(array, object);
}

void listing_print_json(struct listing *const *listings, size_t n, const char *const *patterns,
			int npatterns)
{
	cJSON *document = cJSON_CreateObject();
	cJSON *files = cJSON_AddArrayToObject(document, "files");

	for (size_t i = 0; i < n; i++)
		add_file(files, listings[i], patterns, npatterns);
	char *text = cJSON_Print(document);

	puts(text ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(document);
}
