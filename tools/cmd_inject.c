/* SPDX-License-Identifier: MIT */
/* `probes inject`: gives Go programs USDT probes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "options.h"
#include "patch/original.h"
#include "patch/prove.h"
#include "patch/write.h"
#include "probe/pattern.h"
#include "report.h"

enum { OPT_MODE = 256, OPT_JSON, OPT_STRICT, OPT_EVERY };

static const struct option_spec inject_options[] = {
	{ 'o', "output", "OUT", "write the result to OUT; the default replaces FILE" },
	{ 'p', "probe", "PATTERN", "inject only probes that match provider:name, with globs;\n"
	  "may be given again" },
	{ 'd', "definitions", "FILE.yaml", "add the definitions of a file; may be given again" },
	{ OPT_MODE, "mode", "MODE", "detour (default): nop sites behind a jump;\n"
	  "note: change no code, point at existing instructions" },
	{ OPT_JSON, "json", NULL, "print a report for machines on standard output" },
	{ OPT_STRICT, "strict", NULL, "exit with 4 when a probe of the program is refused" },
	{ OPT_EVERY, "every-function", NULL, "test option: a site at the entry and all returns of\n"
	  "every function where one is possible" },
	{ 0 },
};

static const struct command_spec inject_spec = {
	.name = "inject",
	.operands = "FILE...",
	.about = "Gives each Go program FILE a USDT probe at the standard-library functions it\n"
		 "holds. The file is replaced in one step; a program that runs goes on with the\n"
		 "old one. Injecting again replaces what was injected before.",
	.options = inject_options,
	.notes = "The file changes: sign it afterwards. `probes strip` gives the original back.",
	.min_operands = 1,
};

#define MAX_GIVEN 64

struct settings {
	const char *out;
	const char *patterns[MAX_GIVEN];
	int npatterns;
	const char *files[MAX_GIVEN];
	int nfiles;
	enum plan_mode mode;
	bool json, strict, every;
	char *record; /* how inject was called, for META_HEADER */
	struct def_set *defs;
	bool *selected;
};

/* Everything known about one file, freed together. */
struct job {
	struct image *given;    /* the file as it is */
	struct meta *meta;      /* NULL unless it was injected before */
	struct image *original; /* what was given, or what it was before */
	struct gobin *gobin;
	struct godwarf *dwarf;
	struct bound_set *bound;
	struct plan *plan;
	struct output *output;
	struct newfile file;
	bool writing; /* file is to be committed or aborted */
	struct report_file report;
};

static void job_free(struct job *job)
{
	if (job->writing)
		newfile_abort(&job->file);
	output_free(job->output);
	plan_free(job->plan);
	bind_free(job->bound);
	godwarf_close(job->dwarf);
	gobin_free(job->gobin);
	if (job->original != job->given)
		image_close(job->original);
	meta_free(job->meta);
	image_close(job->given);
}

/* Opens the program; the copy of its bytes begins while they are being understood. */
static struct err *open_input(const char *path, const char *dest, struct job *job)
{
	TRY(image_open(path, &job->given));
	TRY(image_check_target(job->given));
	TRY(meta_read(job->given, true, &job->meta));
	job->original = job->given;
	if (job->meta)
		TRY(original_open(job->given, job->meta, &job->original));
	TRY(newfile_begin(dest, job->original, &job->file));
	job->writing = true;
	TRY(gobin_read(job->original, &job->gobin));

	const char *goos = gobin_setting(job->gobin, "GOOS");

	if (goos && strcmp(goos, "linux"))
		return err_new("%s: built for %s; only linux/amd64 programs can be used", path,
			       goos);
	return NULL;
}

/* DWARF that cannot be read is as good as none: the layout data decide then. */
static void open_dwarf(const struct settings *set, struct job *job)
{
	const char **packages;
	size_t n;

	bind_packages(set->defs, set->selected, &packages, &n);

	struct err *err = godwarf_open(job->original, packages, n, &job->dwarf);

	free(packages);
	if (err)
		fprintf(stderr, "probes: %s; going on without DWARF\n", err->message);
	err_free(err);
}

/* Says what most of the refused probes have in common. */
static struct err *nothing_fits(const struct job *job)
{
	const struct refused *why = NULL;
	size_t most = 0;

	for (size_t i = 0; i < job->plan->nrefused; i++) {
		const struct refused *one = &job->plan->refused[i];
		size_t same = 0;

		for (size_t j = 0; j < job->plan->nrefused; j++)
			same += job->plan->refused[j].refusal == one->refusal;
		if (same > most) {
			most = same;
			why = one;
		}
	}
	return err_code(EXIT_NO_MATCH, "%s: none of the chosen probes fits this program (%s)"
			"%s%s%s%s; the file is unchanged", job->given->path,
			job->gobin->version, why ? ": " : "",
			why ? refusal_text(why->refusal) : "", why && why->detail ? ": " : "",
			why && why->detail ? why->detail : "");
}

static struct err *make_output(const struct settings *set, struct job *job)
{
	open_dwarf(set, job);
	TRY(bind_probes(set->defs, set->selected, job->gobin, job->dwarf, &job->bound));
	job->plan = plan_make(job->gobin, job->bound, set->mode, set->every);
	if (!job->plan->nsites)
		return nothing_fits(job);
	return output_build(job->original, job->gobin, job->plan, set->record, &job->output);
}

/*
 * Proves the new file before it takes the old one's place. That its bytes are those of the
 * input, edits and tail was compared block by block when they were written.
 */
static struct err *check_output(const struct settings *set, struct job *job)
{
	struct image *image = NULL, *original = NULL;
	struct meta *meta = NULL;
	struct err *err = image_open(job->file.fd_path, &image);

	if (!err)
		err = meta_read(image, true, &meta);
	if (!err)
		err = original_view(image, meta, &original);
	if (!err)
		err = prove_records(image, original, meta);
	if (!err && set->json)
		report_digest(image, job->report.output_digest);
	image_close(original);
	meta_free(meta);
	image_close(image);
	return err_prefix(err, "%s: internal error, the file is unchanged", job->given->path);
}

static struct err *write_output(const struct settings *set, struct job *job)
{
	TRY(newfile_write_output(&job->file, job->output));
	TRY(check_output(set, job));
	job->writing = false;
	return newfile_commit(&job->file, job->given);
}

static struct err *inject(const struct settings *set, const char *path, struct job *job)
{
	const char *dest = set->out ? set->out : path;

	TRY(open_input(path, dest, job));
	TRY(make_output(set, job));
	job->report = (struct report_file){
		.input = path,
		.output_path = dest,
		.gobin = job->gobin,
		.bound = job->bound,
		.plan = job->plan,
		.output = job->output,
	};
	if (set->json)
		report_digest(job->original, job->report.input_digest);
	return write_output(set, job);
}

/* One file, from reading it to the line about it; its exit code. */
static int inject_file(const struct settings *set, const char *path, cJSON *reports)
{
	struct job job = { 0 };
	struct err *err = inject(set, path, &job);
	int code = EXIT_DONE;

	if (err) {
		code = cmd_report(err);
	} else {
		if (reports)
			cJSON_AddItemToArray(reports, report_json(&job.report));
		else
			report_text(&job.report, stderr);
		if (set->strict && report_refused(job.plan))
			code = EXIT_REFUSED;
	}
	job_free(&job);
	return code;
}

static bool is_selected(const struct settings *set, const struct def_probe *probe)
{
	for (int i = 0; i < set->npatterns; i++)
		if (pattern_match(set->patterns[i], probe->provider, probe->name))
			return true;
	return !set->npatterns;
}

static struct err *load_definitions(struct settings *set)
{
	bool any = false;
	struct buf record = { 0 };

	TRY(def_load_builtin(&set->defs));
	for (int i = 0; i < set->nfiles; i++)
		TRY(def_load_file(set->defs, set->files[i]));
	set->selected = mem_zalloc(set->defs->nprobes + 1);
	for (size_t i = 0; i < set->defs->nprobes; i++) {
		set->selected[i] = is_selected(set, &set->defs->probes[i]);
		any |= set->selected[i];
	}
	buf_printf(&record, "--mode %s", set->mode == PLAN_NOTE ? "note" : "detour");
	for (int i = 0; i < set->npatterns; i++)
		buf_printf(&record, " -p %s", set->patterns[i]);
	buf_u8(&record, 0);
	set->record = (char *)record.data;
	if (!any)
		return err_code(EXIT_NO_MATCH, "no probe matches%s%s; `probes catalog` lists them",
				set->npatterns ? " " : "", set->npatterns ? set->patterns[0] : "");
	return NULL;
}

static int keep_given(const char **list, int *n, const char *value)
{
	if (*n == MAX_GIVEN)
		return options_usage_error(&inject_spec, "more than %d of one option", MAX_GIVEN);
	list[(*n)++] = value;
	return EXIT_DONE;
}

/* EXIT_DONE, or the exit code of a wrong option. */
static int set_option(struct settings *set, int id, const char *value)
{
	switch (id) {
	case 'o':
		set->out = value;
		break;
	case 'p':
		return keep_given(set->patterns, &set->npatterns, value);
	case 'd':
		return keep_given(set->files, &set->nfiles, value);
	case OPT_MODE:
		if (strcmp(value, "detour") && strcmp(value, "note"))
			return options_usage_error(&inject_spec, "no mode '%s'", value);
		set->mode = strcmp(value, "note") ? PLAN_DETOUR : PLAN_NOTE;
		break;
	case OPT_JSON:
		set->json = true;
		break;
	case OPT_STRICT:
		set->strict = true;
		break;
	case OPT_EVERY:
		set->every = true;
		break;
	}
	return EXIT_DONE;
}

static int run(const struct settings *set, int nfiles, char **files)
{
	cJSON *reports = set->json ? cJSON_CreateArray() : NULL;
	bool progress = nfiles > 1 && isatty(STDERR_FILENO);
	int code = EXIT_DONE;

	for (int i = 0; i < nfiles; i++) {
		if (progress)
			fprintf(stderr, "[%d/%d] %s\n", i + 1, nfiles, files[i]);

		int one = inject_file(set, files[i], reports);

		/* "Could not" outranks "nothing matched", which outranks "refused". */
		if (one && (!code || one < code))
			code = one;
	}
	if (reports) {
		char *text = cJSON_Print(reports);

		puts(text);
		free(text);
		cJSON_Delete(reports);
	}
	return code;
}

int cmd_inject(int argc, char **argv)
{
	struct settings set = { .mode = PLAN_DETOUR };
	struct options opts = options_start(&inject_spec, argc, argv);
	int id, code = EXIT_DONE;

	while (!code && (id = options_next(&opts)) > 0)
		code = set_option(&set, id, opts.value);
	if (!code && id == OPTIONS_STOP)
		return opts.exit_code;
	if (!code && set.out && argc - opts.first > 1)
		code = options_usage_error(&inject_spec, "-o takes one FILE, not %d",
					   argc - opts.first);
	if (!code)
		code = cmd_report(load_definitions(&set));
	if (!code)
		code = run(&set, argc - opts.first, argv + opts.first);
	def_free(set.defs);
	free(set.selected);
	free(set.record);
	return code;
}
