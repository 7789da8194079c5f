/* SPDX-License-Identifier: MIT */
/* Injects one program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "injection.h"
#include "patch/original.h"
#include "patch/prove.h"
#include "probe/pattern.h"
#include "probe/source.h"

void injection_free(struct injection *job)
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
	image_close(job->debug);
	image_close(job->given);
}

/* Opens the program; the copy of its bytes begins while they are being understood. */
static struct err *open_input(const char *path, const char *dest, struct injection *job)
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
static void open_dwarf(const struct injection_settings *set, struct injection *job)
{
	const char **packages;
	size_t n;

	bind_packages(set->defs, set->selected, &packages, &n);

	struct err *err = godwarf_open(job->debug ? job->debug : job->original, packages, n,
				       &job->dwarf);

	free(packages);
	if (err)
		fprintf(stderr, "probes: %s; going on without DWARF\n", err->message);
	err_free(err);
}

/* Says what most of the refused probes have in common. */
static struct err *nothing_fits(const struct injection *job)
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

static struct err *make_output(const struct injection_settings *set, const char *build_id,
			       struct injection *job)
{
	open_dwarf(set, job);

	struct err *err = bind_probes(set->defs, set->selected, job->gobin, job->dwarf,
				      &job->bound);

	job->wrong_definition = err;
	TRY(err);
	job->plan = plan_make(job->gobin, job->bound, set->mode, set->every);
	if (!job->plan->nsites)
		return nothing_fits(job);
	return output_build(job->original, job->gobin, job->plan, set->record, build_id,
			    &job->output);
}

/*
 * Proves the new file before it takes the old one's place. That its bytes are those of the
 * input, edits and tail was compared block by block when they were written.
 */
static struct err *check_output(const struct injection_settings *set, struct injection *job)
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
	if (!err && set->digests)
		report_digest(image, job->report.output_digest);
	image_close(original);
	meta_free(meta);
	image_close(image);
	return err_prefix(err, "%s: internal error, the file is unchanged", job->given->path);
}

static struct err *write_output(const struct injection_settings *set, struct injection *job)
{
	TRY(newfile_write_output(&job->file, job->output));
	TRY(check_output(set, job));
	job->writing = false;
	return newfile_commit(&job->file, job->given);
}

struct err *injection_run(const struct injection_settings *set,
			  const struct injection_files *files, struct injection *job)
{
	const char *path = files->input, *dest = files->output ? files->output : path;

	*job = (struct injection){ 0 };
	TRY(open_input(path, dest, job));
	job->file.unsynced = set->unsynced;
	if (files->debug)
		TRY(image_open(files->debug, &job->debug));
	TRY(make_output(set, files->build_id, job));
	job->report = (struct report_file){
		.input = path,
		.output_path = dest,
		.gobin = job->gobin,
		.bound = job->bound,
		.plan = job->plan,
		.output = job->output,
	};
	if (set->digests)
		report_digest(job->original, job->report.input_digest);
	return write_output(set, job);
}

static bool is_selected(const struct injection_settings *set,
			const struct def_probe *probe)
{
	for (int i = 0; i < set->npatterns; i++)
		if (pattern_match(set->patterns[i], probe->provider, probe->name))
			return true;
	return !set->npatterns;
}

struct err *injection_load(struct injection_settings *set)
{
	bool any = false;
	struct buf record = { 0 };

	TRY(def_load_builtin(&set->defs));
	for (size_t i = 0; i < set->nmodules; i++)
		TRY(source_load(set->defs, set->modules[i]));
	for (int i = 0; i < set->nfiles; i++)
		TRY(source_load_path(set->defs, set->files[i]));
	set->selected = mem_zalloc(set->defs->nprobes + 1);
	for (size_t i = 0; i < set->defs->nprobes; i++) {
		set->selected[i] = is_selected(set, &set->defs->probes[i]);
		any |= set->selected[i];
	}
	buf_printf(&record, "--mode %s",
		   set->in_place ? "inline" : set->mode == PLAN_NOTE ? "note" : "detour");
	for (int i = 0; i < set->npatterns; i++)
		buf_printf(&record, " -p %s", set->patterns[i]);
	buf_u8(&record, 0);
	set->record = (char *)record.data;
	if (!any)
		return err_code(EXIT_NO_MATCH, "no probe matches%s%s; `probes catalog` lists them",
				set->npatterns ? " " : "", set->npatterns ? set->patterns[0] : "");
	return NULL;
}

static int keep_given(const struct command_spec *spec, const char **list, int *n,
		      const char *value)
{
	if (*n == INJECTION_MAX_GIVEN)
		return options_usage_error(spec, "more than %d of one option",
					   INJECTION_MAX_GIVEN);
	list[(*n)++] = value;
	return EXIT_DONE;
}

int injection_option(struct injection_settings *set, const struct command_spec *spec, int id,
		     const char *value)
{
	switch (id) {
	case 'p':
		return keep_given(spec, set->patterns, &set->npatterns, value);
	case 'd':
		return keep_given(spec, set->files, &set->nfiles, value);
	case INJECTION_OPT_STRICT:
		set->strict = true;
		break;
	case INJECTION_OPT_EVERY:
		set->every = true;
		break;
	}
	return EXIT_DONE;
}

void injection_settings_free(struct injection_settings *set)
{
	def_free(set->defs);
	free(set->selected);
	free(set->record);
}
