/* SPDX-License-Identifier: MIT */
/* `probes catalog`: what can be injected, for which Go versions. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cmd.h"
#include "options.h"
#include "probe/def.h"
#include "probe/doc.h"
#include "probe/pattern.h"
#include "probe/source.h"
#include "table.h"
#include "toolchain/toolchain.h"

enum { ID_JSON = 256, ID_MARKDOWN, ID_SITES, ID_GO, OLDEST_GO = 18 };

static const struct option_spec catalog_options[] = {
	{ 'd', "definitions", "FILE|DIR", "also those of this file, or of the Go module in this\n"
	  "folder (may be given again)" },
	{ ID_JSON, "json", NULL, "the same as a JSON document, with the documentation" },
	{ ID_MARKDOWN, "markdown", NULL, "all probes with their documentation, as Markdown" },
	{ ID_SITES, "sites", NULL, "the functions, for a Go compiler that makes in-place sites" },
	{ ID_GO, "go", "1.N", "with --sites: only those of this Go release" },
	{ 0 },
};

static const struct command_spec catalog_spec = {
	.name = "catalog",
	.operands = "[PATTERN]...",
	.about = "Lists the probes that can be injected: one line for each function that a probe\n"
		 "stands on, with the Go versions in which it does.\n"
		 "PATTERN is provider:name with * and ?; without a colon it stands for a provider\n"
		 "or a name.",
	.options = catalog_options,
	.notes = "Into a pipe or file, rows have no heading and tabs between the columns:\n"
		 "  provider:name  GO  AT  FUNCTION  ARGUMENTS\n"
		 "Exit code 3 when nothing matched.",
};

struct format {
	bool json, markdown, sites;
	unsigned minor; /* for sites; 0 = any */
};

/* "1.18+", "1.18-1.21" or "1.24". */
static void put_range(struct buf *out, struct go_range range)
{
	unsigned since = range.since > OLDEST_GO ? range.since : OLDEST_GO;

	buf_printf(out, "1.%u", since);
	if (!range.until)
		buf_printf(out, "+");
	else if (range.until != since)
		buf_printf(out, "-1.%u", range.until);
	buf_u8(out, 0);
}

static void put_values(struct buf *out, const struct def_probe *probe)
{
	const char *comma = probe->no_goid ? "" : ", ";

	buf_printf(out, "%s", probe->no_goid ? "" : "goid uint64");
	for (size_t i = 0; i < probe->nargs; i++, comma = ", ")
		buf_printf(out, "%s%s %s", comma, probe->args[i].name,
			   probe->args[i].type ? probe->args[i].type : "?");
	buf_u8(out, 0);
}

static void add_variant(struct table *table, const struct def_probe *probe,
			const struct def_variant *variant, struct go_range range)
{
	struct buf text = { 0 };

	table_add(table, probe->provider);
	table_add(table, probe->name);
	put_range(&text, range);
	table_add(table, (const char *)text.data);
	table_add(table, def_at_name(variant->at));
	table_add(table, variant->symbol);
	text.len = 0;
	put_values(&text, probe);
	table_add(table, (const char *)text.data);
	buf_free(&text);
}

/* One row for variants of the same function in ranges that follow each other. */
static void add_probe_rows(struct table *table, const struct def_probe *probe)
{
	for (size_t i = 0; i < probe->nvariants; i++) {
		const struct def_variant *first = &probe->variants[i], *next = first + 1;
		struct go_range range = first->range;

		while (i + 1 < probe->nvariants && !strcmp(next->symbol, first->symbol) &&
		       next->at == first->at &&
		       range.until && next->range.since == range.until + 1) {
			range.until = next->range.until;
			next++;
			i++;
		}
		add_variant(table, probe, first, range);
	}
}

static void print_table(const struct def_set *defs, const bool *selected)
{
	static const char *const headings[] = { "PROVIDER", "NAME", "GO", "AT", "FUNCTION",
						"ARGUMENTS" };
	struct table table = table_start(headings, 6);

	for (size_t i = 0; i < defs->nprobes; i++)
		if (selected[i])
			add_probe_rows(&table, &defs->probes[i]);
	table_print(&table);
}

/* The numbers as probes hand them out; `whole` adds what they are in Go's releases. */
static void add_enum_values(cJSON *object, const char *key, const struct def_enum *numbers,
			    bool whole)
{
	cJSON *array = cJSON_AddArrayToObject(object, key);

	for (size_t i = 0; i < numbers->nvalues; i++) {
		const struct def_enum_value *value = &numbers->values[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddNumberToObject(item, "value", value->value);
		cJSON_AddStringToObject(item, "name", value->name);
		if (whole && value->raw) {
			cJSON_AddStringToObject(item, "const", value->constant);
			cJSON_AddStringToObject(item, "raw", value->raw);
		}
		cJSON_AddItemToArray(array, item);
	}
}

static void add_enums(cJSON *document, const struct def_set *defs)
{
	cJSON *array = cJSON_AddArrayToObject(document, "enums");

	for (size_t i = 0; i < defs->nenums; i++) {
		const struct def_enum *numbers = defs->enums[i];
		cJSON *item = cJSON_CreateObject();
		char *until = mem_printf("1.%u", numbers->until);

		cJSON_AddStringToObject(item, "name", numbers->name);
		cJSON_AddStringToObject(item, "until", until);
		add_enum_values(item, "values", numbers, true);
		cJSON_AddItemToArray(array, item);
		free(until);
	}
}

static void add_args(cJSON *object, const struct def_probe *probe)
{
	cJSON *array = cJSON_AddArrayToObject(object, "args");

	for (size_t i = 0; i < probe->nargs; i++) {
		cJSON *arg = cJSON_CreateObject();

		cJSON_AddStringToObject(arg, "name", probe->args[i].name);
		if (probe->args[i].type)
			cJSON_AddStringToObject(arg, "type", probe->args[i].type);
		cJSON_AddStringToObject(arg, "unit", probe->args[i].unit);
		cJSON_AddStringToObject(arg, "doc", probe->args[i].doc);
		if (probe->args[i].numbers)
			add_enum_values(arg, "enum", probe->args[i].numbers, false);
		cJSON_AddItemToArray(array, arg);
	}
}

/* The words of a text as an array; none for "". */
static void add_words(cJSON *object, const char *key, const char *words)
{
	cJSON *array = *words ? cJSON_AddArrayToObject(object, key) : NULL;
	const char *word;
	int len;

	while (def_next_name(&words, &word, &len)) {
		char *text = mem_strndup(word, (size_t)len);

		cJSON_AddItemToArray(array, cJSON_CreateString(text));
		free(text);
	}
}

static void add_variants(cJSON *object, const struct def_probe *probe)
{
	cJSON *array = cJSON_AddArrayToObject(object, "variants");

	for (size_t i = 0; i < probe->nvariants; i++) {
		const struct def_variant *variant = &probe->variants[i];
		cJSON *item = cJSON_CreateObject();
		struct buf range = { 0 };

		put_range(&range, variant->range);
		cJSON_AddStringToObject(item, "go", (const char *)range.data);
		buf_free(&range);
		cJSON_AddStringToObject(item, "at", def_at_name(variant->at));
		cJSON_AddStringToObject(item, "function", variant->symbol);
		if (variant->signature)
			cJSON_AddStringToObject(item, "signature", variant->signature);
		add_words(item, "within", variant->within);
		if (variant->when)
			cJSON_AddStringToObject(item, "when", variant->when);
		cJSON_AddItemToArray(array, item);
	}
}

static void add_probe(cJSON *array, const struct def_probe *probe)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "provider", probe->provider);
	cJSON_AddStringToObject(object, "name", probe->name);
	cJSON_AddStringToObject(object, "package", probe->package);
	cJSON_AddStringToObject(object, "at", def_at_name(probe->at));
	cJSON_AddStringToObject(object, "stability", probe->stability);
	cJSON_AddStringToObject(object, "otel", probe->otel);
	cJSON_AddStringToObject(object, "doc", probe->doc);
	cJSON_AddBoolToObject(object, "goid", !probe->no_goid);
	add_args(object, probe);
	add_variants(object, probe);
	cJSON_AddItemToArray(array, object);
}

static void print_json(const struct def_set *defs, const bool *selected)
{
	cJSON *document = cJSON_CreateObject();
	cJSON *probes = cJSON_AddArrayToObject(document, "probes");

	for (size_t i = 0; i < defs->nprobes; i++)
		if (selected[i])
			add_probe(probes, &defs->probes[i]);
	add_enums(document, defs);

	char *text = cJSON_Print(document);

	puts(text ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(document);
}

static void print_sites(const struct def_set *defs, const bool *selected, unsigned minor)
{
	char *text = toolchain_sites(defs, selected, minor);

	fputs(text, stdout);
	free(text);
}

static struct err *print_catalog(const struct def_set *defs, struct format format,
				 const char *const *patterns, int npatterns)
{
	bool *selected = mem_zalloc(defs->nprobes + 1), any = false;

	for (size_t i = 0; i < defs->nprobes; i++) {
		selected[i] = pattern_match_any(patterns, npatterns, defs->probes[i].provider,
						defs->probes[i].name);
		any |= selected[i];
	}
	if (any && format.sites)
		print_sites(defs, selected, format.minor);
	else if (any && format.json)
		print_json(defs, selected);
	else if (any)
		print_table(defs, selected);
	free(selected);
	if (!any)
		return err_code(EXIT_NO_MATCH, "no definition matches %s%s",
				npatterns ? patterns[0] : "(there are none)",
				npatterns > 1 ? " or the other patterns" : "");
	return NULL;
}

/* What does not go together, or NULL. Reads "1.26", "go1.26" or "go1.26.8". */
static const char *check_usage(struct format *format, const char *go, bool patterns)
{
	char end = 0;

	if (format->markdown && (format->json || format->sites || patterns))
		return "--markdown goes without --json, --sites and patterns";
	if (format->json && format->sites)
		return "--json and --sites are two forms";
	if (!go)
		return NULL;
	if (!format->sites)
		return "--go goes with --sites";
	go += strncmp(go, "go", 2) ? 0 : 2;
	if (sscanf(go, "1.%3u%c", &format->minor, &end) < 1 || (end && end != '.') ||
	    !format->minor)
		return "--go wants a Go release such as 1.26";
	return NULL;
}

int cmd_catalog(int argc, char **argv)
{
	struct options opts = options_start(&catalog_spec, argc, argv);
	struct def_set *defs = NULL;
	struct err *err = def_load_builtin(&defs);
	struct format format = { 0 };
	const char *go = NULL, *wrong;
	int id;

	while ((id = options_next(&opts)) > 0) {
		format.json |= id == ID_JSON;
		format.markdown |= id == ID_MARKDOWN;
		format.sites |= id == ID_SITES;
		if (id == ID_GO)
			go = opts.value;
		if (id == 'd' && !err)
			err = source_load_path(defs, opts.value);
	}
	if (id == OPTIONS_STOP || err) {
		def_free(defs);
		err_free(id == OPTIONS_STOP ? err : NULL);
		return id == OPTIONS_STOP ? opts.exit_code : cmd_report(err);
	}
	wrong = check_usage(&format, go, opts.first < argc);
	if (wrong) {
		def_free(defs);
		return options_usage_error(&catalog_spec, "%s", wrong);
	}
	if (format.markdown)
		doc_markdown(defs, stdout);
	else
		err = print_catalog(defs, format, (const char *const *)argv + opts.first,
				    argc - opts.first);
	def_free(defs);
	return cmd_report(err);
}
