/* SPDX-License-Identifier: MIT */
/* Prints what the builtin definitions, or those of a file, become in a Go binary:
 * dump_bound dwarf|layout FILE [DEFINITIONS.yaml]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "elf/sdt.h"
#include "probe/bind.h"

static void print_probe(const struct bound_probe *bound)
{
	struct buf line = { 0 };

	buf_printf(&line, "%s:%s %s", bound->def->provider, bound->def->name,
		   bound->variant ? bound->variant->symbol : "-");
	if (bound->refusal != REFUSED_NONE)
		buf_printf(&line, " refused %s: %s", refusal_id(bound->refusal),
			   bound->detail ? bound->detail : "");
	for (int i = 0; i < bound->nsteps && bound->refusal == REFUSED_NONE; i++) {
		buf_printf(&line, " %s=%s", sdt_reg_name(bound->steps[i].dst, 8),
			   bound->steps[i].numbers ? bound->steps[i].numbers->name : "");
		sdt_put_operand(&line, &bound->steps[i].from);
	}
	for (int i = 0; i < bound->nargs && bound->refusal == REFUSED_NONE; i++) {
		buf_printf(&line, " %s=", bound->args[i].name);
		sdt_put_operand(&line, &bound->args[i].op);
	}
	printf("%.*s\n", (int)line.len, (char *)line.data);
	buf_free(&line);
}

struct job {
	struct def_set *defs;
	struct image *image;
	struct gobin *gobin;
	struct godwarf *dwarf;
	struct bound_set *bound;
};

static struct err *run(struct job *job, bool with_dwarf, const char *path, const char *yaml)
{
	const char **packages;
	struct err *err = NULL;
	size_t n;

	if (yaml) {
		job->defs = mem_zalloc(sizeof(*job->defs));
		TRY(def_load_file(job->defs, yaml));
	} else {
		TRY(def_load_builtin(&job->defs));
	}
	TRY(image_open(path, &job->image));
	TRY(gobin_read(job->image, &job->gobin));
	bind_packages(job->defs, NULL, &packages, &n);
	if (with_dwarf)
		err = godwarf_open(job->image, packages, n, &job->dwarf);
	free(packages);
	if (err)
		return err;
	TRY(bind_probes(job->defs, NULL, job->gobin, job->dwarf, &job->bound));
	if (with_dwarf != job->bound->used_dwarf)
		return err_new("%s: DWARF was %s", path,
			       with_dwarf ? "not used" : "used unasked");
	for (size_t i = 0; i < job->bound->nprobes; i++)
		print_probe(&job->bound->probes[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	struct err *err = err_new("usage: dump_bound dwarf|layout FILE [DEFINITIONS.yaml]");

	if (argc == 3 || argc == 4) {
		err_free(err);
		err = run(&job, !strcmp(argv[1], "dwarf"), argv[2], argv[3]);
	}

	int status = err != NULL;

	if (err)
		fprintf(stderr, "%s\n", err->message);
	err_free(err);
	bind_free(job.bound);
	godwarf_close(job.dwarf);
	gobin_free(job.gobin);
	image_close(job.image);
	def_free(job.defs);
	return status;
}
