/* SPDX-License-Identifier: MIT */
/*
 * What definition files make of a Go binary, for stdlib-probes/layouts/measure.py:
 *
 *   dump_layout GO-BINARY FILE.yaml...
 *   field net/http.Request.URL 16 *net/url.URL      a field that the definitions use
 *   missing PROBE FILE:LINE SYMBOL                  no such function
 *   inlined PROBE FILE:LINE SYMBOL                  only copies of it in its callers
 *   mismatch PROBE FILE:LINE SYMBOL WHY...          the signature is another
 *   wants SIGNATURE                                   the definition's
 *   has SIGNATURE                                     the binary's, from its DWARF
 *   lacks PROBE FILE:LINE SYMBOL WHY...             a struct has no such field (any more)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elf/image.h"
#include "probe/bind.h"

struct job {
	struct image *image;
	struct gobin *gobin;
	struct def_set *defs;
	struct godwarf *dwarf;
	struct bound_set *bound;
};

static void print_field(void *arg, const char *type, const char *field, uint64_t offset,
			const char *field_type)
{
	(void)arg;
	printf("field %s.%s %llu %s\n", type, field, (unsigned long long)offset,
	       strchr(field_type, ' ') ? "?" : field_type);
}

static void print_params(const struct godwarf_param *params, size_t n, bool results)
{
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		if (params[i].result != results)
			continue;
		printf("%s%s %s", comma, params[i].name, params[i].type);
		comma = ", ";
	}
}

static void print_signature(const struct job *job, const struct bound_probe *probe)
{
	struct godwarf_param *params;
	size_t n;

	printf("wants %s\n", probe->variant->signature);
	if (!godwarf_params(job->dwarf, probe->variant->symbol, &params, &n))
		return;
	printf("has func(");
	print_params(params, n, false);
	printf(") (");
	print_params(params, n, true);
	printf(")\n");
	free(params);
}

/* A function that the program lacks hides the fields it would lead to. */
static void print_problem(const struct job *job, const struct bound_probe *probe)
{
	bool mismatch = probe->refusal == REFUSED_DWARF_MISMATCH;
	const char *kind = mismatch && !strstr(probe->detail, " has no field ") ? "mismatch"
										: "lacks";

	if (probe->refusal == REFUSED_NONE || probe->refusal == REFUSED_VERSION)
		return;
	if (probe->refusal == REFUSED_NOT_IN_BINARY)
		kind = probe->inlined_copies ? "inlined" : "missing";
	printf("%s %s:%s %s:%d %s", kind, probe->def->provider, probe->def->name,
	       probe->def->file, probe->variant->line, probe->variant->symbol);
	if (probe->refusal != REFUSED_NOT_IN_BINARY)
		printf(" %s", probe->detail ? probe->detail : refusal_text(probe->refusal));
	printf("\n");
	if (!strcmp(kind, "mismatch"))
		print_signature(job, probe);
}

static struct err *dump(struct job *job, const char *path, char **files, int nfiles)
{
	const char **packages;
	size_t n;

	job->defs = mem_zalloc(sizeof(*job->defs));
	for (int i = 0; i < nfiles; i++)
		TRY(def_load_file(job->defs, files[i]));
	TRY(image_open(path, &job->image));
	TRY(gobin_read(job->image, &job->gobin));
	bind_packages(job->defs, NULL, &packages, &n);

	struct err *err = godwarf_open(job->image, packages, n, &job->dwarf);

	free(packages);
	if (err)
		return err;
	if (!job->dwarf)
		return err_new("%s: has no DWARF", path);
	TRY(bind_probes_seen(job->defs, NULL, job->gobin, job->dwarf, print_field, NULL,
			     &job->bound));
	for (size_t i = 0; i < job->bound->nprobes; i++)
		print_problem(job, &job->bound->probes[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	struct err *err = argc > 2 ? dump(&job, argv[1], argv + 2, argc - 2)
				   : err_new("usage: dump_layout GO-BINARY FILE.yaml...");
	bool failed = err;

	if (err)
		fprintf(stderr, "%s\n", err->message);
	err_free(err);
	bind_free(job.bound);
	godwarf_close(job.dwarf);
	def_free(job.defs);
	gobin_free(job.gobin);
	image_close(job.image);
	return failed;
}
