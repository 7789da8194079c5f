/* SPDX-License-Identifier: MIT */
/* The probes that a command's operands select. */
#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "oci/command.h"
#include "target.h"
#include "tracer/mapped.h"

static void add_listing(struct target *target, struct listing *listing)
{
	mem_grow(&target->listings, target->nlistings, &target->cap, sizeof(*target->listings));
	target->listings[target->nlistings++] = listing;
}

static struct err *read_file(struct target *target)
{
	struct listing *listing;

	TRY(oci_explain(listing_read(target->name, target->name, target->patterns,
				     target->npatterns, &listing), target->name));
	target->nall = listing->nall;
	target->go = listing_is_go(listing);
	add_listing(target, listing);
	return NULL;
}

/* Files of a process without a selected probe are left out. */
static struct err *read_mapped(struct target *target, const struct mapped_file *file,
			       bool program)
{
	struct listing *listing;

	TRY(listing_read(file->open_path, file->path, target->patterns, target->npatterns,
			 &listing));
	target->nall += listing->nall;
	if (program)
		target->go = listing_is_go(listing);
	if (listing->nprobes)
		add_listing(target, listing);
	else
		listing_free(listing);
	return NULL;
}

static struct err *read_process(struct target *target)
{
	struct mapped_file *files;
	struct err *err = NULL;
	size_t n;

	TRY(mapped_files(target->pid, &files, &n));
	for (size_t i = 0; i < n; i++) {
		err = read_mapped(target, &files[i], i == 0);
		if (i == 0 && err)
			break;
		/* What a process maps beside its program need not be an ELF file. */
		err_free(err);
		err = NULL;
	}
	mapped_free(files, n);
	return err;
}

bool target_is_pid(const char *name, int *pid_ret)
{
	long pid = 0;

	for (const char *at = name; *at; at++) {
		if (*at < '0' || *at > '9')
			return false;
		pid = pid > INT_MAX / 10 ? INT_MAX : pid * 10 + (*at - '0');
	}
	*pid_ret = pid > INT_MAX ? INT_MAX : (int)pid;
	return *name;
}

struct err *target_read(struct target *target, const struct options *opts)
{
	*target = (struct target){
		.name = opts->argv[opts->first],
		.patterns = (const char *const *)opts->argv + opts->first + 1,
		.npatterns = opts->argc - opts->first - 1,
	};
	target->process = target_is_pid(target->name, &target->pid);
	return target->process ? read_process(target) : read_file(target);
}

void target_free(struct target *target)
{
	for (size_t i = 0; i < target->nlistings; i++)
		listing_free(target->listings[i]);
	free(target->listings);
}

struct err *target_check(const struct target *target)
{
	const char *kind = target->process ? "process " : "";

	for (size_t i = 0; i < target->nlistings; i++)
		if (target->listings[i]->nprobes)
			return NULL;
	if (target->nall) {
		char *meant = listing_suggest(target->listings, target->nlistings,
					      target->patterns[0]);
		struct err *err = err_code(EXIT_NO_MATCH, "%s%s: none of its %zu probes match "
					   "%s%s%s", kind, target->name, target->nall,
					   target->patterns[0], target->npatterns > 1 ?
					   " or the other patterns" : "", meant);

		free(meant);
		return err;
	}
	if (target->go && target->process)
		return err_code(EXIT_NO_MATCH, "process %s: no probes in its program; run `probes "
				"inject` on the file and start it again", target->name);
	if (target->go)
		return err_code(EXIT_NO_MATCH, "no probes in %s; run `probes inject %s`",
				target->name, target->name);
	return err_code(EXIT_NO_MATCH, "%s%s: no USDT probes (no stapsdt notes)", kind,
			target->name);
}
