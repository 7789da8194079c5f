/* SPDX-License-Identifier: MIT */
/* `probes list`: the USDT probes of an ELF file or of a running process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd.h"
#include "options.h"
#include "table.h"
#include "target.h"
#include "tracer/listing.h"

enum { ID_JSON = 'j' + 256 };

static const struct option_spec list_options[] = {
	{ 'l', "long", NULL, "one line for each site, with its address and operands" },
	{ ID_JSON, "json", NULL, "a JSON document, as docs/list.schema.json describes it" },
	{ 0 },
};

static const struct command_spec list_spec = {
	.name = "list",
	.operands = "FILE|PID [PATTERN]...",
	.about = "Lists the USDT probes (stapsdt notes) of an ELF file, or of the program and the\n"
		 "libraries that a process runs. A number is a process; write ./123 for a file.\n"
		 "PATTERN is provider:name with * and ?; without a colon it stands for a provider\n"
		 "or a name. Arguments have the numbers arg0, arg1 ... in this order; a string is\n"
		 "two of them, pointer and length. --json and -l show each word.",
	.options = list_options,
	.notes = "Into a pipe or file, rows have no heading and tabs between the columns, the\n"
		 "last of which is the file when a process is listed:\n"
		 "  provider:name  SITES    ARGUMENTS                            without -l\n"
		 "  provider:name  ADDRESS  TACTIC     FUNCTION         OPERANDS  with -l\n"
		 "Exit code 3 when nothing matched.",
	.min_operands = 1,
};

struct request {
	struct target target;
	bool sites, json;
};

static void add_probe_row(struct table *table, const struct list_probe *probe)
{
	bool varies = false;

	table_add(table, probe->provider);
	table_add(table, probe->name);
	table_addf(table, "%zu", probe->nsites);
	if (probe->meta) {
		char *values = listing_values(probe->meta);

		table_add(table, values);
		free(values);
		return;
	}
	for (size_t i = 1; i < probe->nsites; i++)
		varies |= strcmp(probe->sites[i].args, probe->sites[0].args) != 0;
	char *operands = mem_printf("%s%s", probe->sites[0].args,
				    varies ? " (other sites differ: -l)" : "");

	table_add(table, operands);
	free(operands);
}

static void add_site_row(struct table *table, const struct list_site *site)
{
	const struct meta_site *meta = site->meta;

	table_add(table, site->provider);
	table_add(table, site->name);
	table_addf(table, "0x%" PRIx64, site->pc);
	table_add(table, meta ? tactic_name((enum tactic)meta->tactic) : "-");
	table_add(table, meta ? meta->func : "-");
	table_add(table, site->args);
}

static void add_rows(struct table *table, const struct request *request,
		     const struct listing *listing, const struct list_probe *probe)
{
	for (size_t i = 0; i < (request->sites ? probe->nsites : 1); i++) {
		if (request->sites)
			add_site_row(table, &probe->sites[i]);
		else
			add_probe_row(table, probe);
		if (request->target.process)
			table_add(table, listing->path);
	}
}

static void print_table(const struct request *request)
{
	static const char *const probes[] = { "PROVIDER", "NAME", "SITES", "ARGUMENTS", "FILE" };
	static const char *const sites[] = { "PROVIDER", "NAME", "ADDRESS", "TACTIC", "FUNCTION",
					     "OPERANDS", "FILE" };
	const struct target *target = &request->target;
	int columns = (request->sites ? 6 : 4) + target->process;
	struct table table = table_start(request->sites ? sites : probes, columns);

	for (size_t i = 0; i < target->nlistings; i++)
		for (size_t j = 0; j < target->listings[i]->nprobes; j++)
			add_rows(&table, request, target->listings[i],
				 &target->listings[i]->probes[j]);
	table_print(&table);
}

static struct err *run_list(struct request *request, const struct options *opts)
{
	struct target *target = &request->target;

	TRY(target_read(target, opts));
	if (request->json)
		listing_print_json(target->listings, target->nlistings, target->patterns,
				   target->npatterns);
	TRY(target_check(target));
	if (!request->json)
		print_table(request);
	return NULL;
}

int cmd_list(int argc, char **argv)
{
	struct options opts = options_start(&list_spec, argc, argv);
	struct request request = { 0 };
	int id;

	while ((id = options_next(&opts)) > 0) {
		request.sites |= id == 'l';
		request.json |= id == ID_JSON;
	}
	if (id == OPTIONS_STOP)
		return opts.exit_code;

	struct err *err = run_list(&request, &opts);

	target_free(&request.target);
	return cmd_report(err);
}
