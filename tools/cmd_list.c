/* SPDX-License-Identifier: MIT */
/* `probes list`: the USDT probes of an ELF file or of a running process. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd.h"
#include "tracer/listing.h"
#include "tracer/mapped.h"
#include "options.h"
#include "table.h"

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
	const char *target;
	const char *const *patterns;
	int npatterns;
	bool sites, json, process;
};

struct result {
	struct listing **listings;
	size_t n, cap;
	size_t nall; /* probes before patterns */
	bool go;     /* the program itself is written in Go */
};

static void add_listing(struct result *result, struct listing *listing)
{
	mem_grow(&result->listings, result->n, &result->cap, sizeof(*result->listings));
	result->listings[result->n++] = listing;
}

static struct err *read_file(const struct request *request, struct result *result)
{
	struct listing *listing;

	TRY(listing_read(request->target, request->target, request->patterns,
			 request->npatterns, &listing));
	result->nall = listing->nall;
	result->go = listing_is_go(listing);
	add_listing(result, listing);
	return NULL;
}

/* Files of a process without a selected probe are left out. */
static struct err *read_mapped(const struct request *request, const struct mapped_file *file,
			       bool program, struct result *result)
{
	struct listing *listing;

	TRY(listing_read(file->open_path, file->path, request->patterns, request->npatterns,
			 &listing));
	result->nall += listing->nall;
	if (program)
		result->go = listing_is_go(listing);
	if (listing->nprobes)
		add_listing(result, listing);
	else
		listing_free(listing);
	return NULL;
}

static struct err *read_process(const struct request *request, int pid, struct result *result)
{
	struct mapped_file *files;
	struct err *err = NULL;
	size_t n;

	TRY(mapped_files(pid, &files, &n));
	for (size_t i = 0; i < n; i++) {
		err = read_mapped(request, &files[i], i == 0, result);
		if (i == 0 && err)
			break;
		/* What a process maps beside its program need not be an ELF file. */
		err_free(err);
		err = NULL;
	}
	mapped_free(files, n);
	return err;
}

/* Whether `target` is all digits, and which process it then is. */
static bool is_pid(const char *target, int *pid_ret)
{
	long pid = 0;

	for (const char *at = target; *at; at++) {
		if (*at < '0' || *at > '9')
			return false;
		pid = pid > INT_MAX / 10 ? INT_MAX : pid * 10 + (*at - '0');
	}
	*pid_ret = pid > INT_MAX ? INT_MAX : (int)pid;
	return *target;
}

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
		if (request->process)
			table_add(table, listing->path);
	}
}

static void print_table(const struct request *request, const struct result *result)
{
	static const char *const probes[] = { "PROVIDER", "NAME", "SITES", "ARGUMENTS", "FILE" };
	static const char *const sites[] = { "PROVIDER", "NAME", "ADDRESS", "TACTIC", "FUNCTION",
					     "OPERANDS", "FILE" };
	int columns = (request->sites ? 6 : 4) + request->process;
	struct table table = table_start(request->sites ? sites : probes, columns);

	for (size_t i = 0; i < result->n; i++)
		for (size_t j = 0; j < result->listings[i]->nprobes; j++)
			add_rows(&table, request, result->listings[i],
				 &result->listings[i]->probes[j]);
	table_print(&table);
}

/* EXIT_NO_MATCH, with what to do about it, when there is nothing to print. */
static struct err *check_result(const struct request *request, const struct result *result)
{
	const char *kind = request->process ? "process " : "";

	for (size_t i = 0; i < result->n; i++)
		if (result->listings[i]->nprobes)
			return NULL;
	if (result->nall)
		return err_code(EXIT_NO_MATCH, "%s%s: none of its %zu probes match %s%s", kind,
				request->target, result->nall, request->patterns[0],
				request->npatterns > 1 ? " or the other patterns" : "");
	if (result->go && request->process)
		return err_code(EXIT_NO_MATCH, "process %s: no probes in its program; run `probes "
				"inject` on the file and start it again", request->target);
	if (result->go)
		return err_code(EXIT_NO_MATCH, "no probes in %s; run `probes inject %s`",
				request->target, request->target);
	return err_code(EXIT_NO_MATCH, "%s%s: no USDT probes (no stapsdt notes)", kind,
			request->target);
}

static struct err *run_list(struct request *request, struct result *result)
{
	int pid;

	request->process = is_pid(request->target, &pid);
	TRY(request->process ? read_process(request, pid, result) : read_file(request, result));
	if (request->json)
		listing_print_json(result->listings, result->n, request->patterns,
				   request->npatterns);
	TRY(check_result(request, result));
	if (!request->json)
		print_table(request, result);
	return NULL;
}

int cmd_list(int argc, char **argv)
{
	struct options opts = options_start(&list_spec, argc, argv);
	struct request request = { 0 };
	struct result result = { 0 };
	int id;

	while ((id = options_next(&opts)) > 0) {
		request.sites |= id == 'l';
		request.json |= id == ID_JSON;
	}
	if (id == OPTIONS_STOP)
		return opts.exit_code;
	request.target = argv[opts.first];
	request.patterns = (const char *const *)argv + opts.first + 1;
	request.npatterns = argc - opts.first - 1;

	struct err *err = run_list(&request, &result);

	for (size_t i = 0; i < result.n; i++)
		listing_free(result.listings[i]);
	free(result.listings);
	return cmd_report(err);
}
