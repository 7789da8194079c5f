/* SPDX-License-Identifier: MIT */
/* The linker, and the pass behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd.h"
#include "patch/buildid.h"
#include "toolexec.h"
#include "toolexec_run.h"

/* Answers for the linker, with the digest of what follows it. */
static int answer_version(struct toolexec *set)
{
	char digest[TOOLEXEC_DIGEST], *line = NULL;
	int code = cmd_report(injection_load(&set->how));

	if (!code)
		code = cmd_report(toolexec_digest(set, digest));
	if (!code)
		code = toolexec_run(set->tool, &line);
	if (!code) {
		line[strcspn(line, "\n")] = '\0';

		char *answer = toolexec_answer(line, digest);

		puts(answer);
		free(answer);
	}
	free(line);
	return code;
}

/* What go calls the program that is linked, for messages. */
static const char *program_name(const struct link_args *args)
{
	const char *package = getenv("TOOLEXEC_IMPORTPATH");

	return package && *package ? package : args->out;
}

/* Why a link of this kind has no program to inject; or NULL. */
static const char *why_not(const struct link_args *args)
{
	static const struct { const char *mode, *why; } never[] = {
		{ "c-archive", "-buildmode=c-archive makes a library that is linked elsewhere; "
		  "run `probes inject` on the program that it becomes a part of" },
		{ "shared", "-buildmode=shared makes a library without Go's tables" },
	};
	const char *goos = getenv("GOOS"), *goarch = getenv("GOARCH");

	if ((goos && *goos && strcmp(goos, "linux")) ||
	    (goarch && *goarch && strcmp(goarch, "amd64")))
		return "only linux/amd64 programs can have them";
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (!strcmp(args->build_mode, never[i].mode))
			return never[i].why;
	return NULL;
}

/* The linker's output stays as it is; with --strict that is not good enough. */
static int leave(const struct toolexec *set, const struct link_args *args, const char *why)
{
	fprintf(stderr, "probes: %s: built without probes: %s\n", program_name(args), why);
	return set->how.strict ? EXIT_REFUSED : EXIT_DONE;
}

/* Whether the error says what the program is like, not that something went wrong with us. */
static bool cannot_be_injected(const struct injection *job)
{
	bool cannot_write = job->original && !job->writing;

	return !job->output && !cannot_write;
}

static int judge(const struct toolexec *set, const struct link_args *args, struct err *err,
		 struct injection *job)
{
	int code = EXIT_DONE;

	if (!err) {
		job->report.output_path = program_name(args);
		if (set->verbose)
			report_text(&job->report, stderr);
		if (set->how.strict && report_refused(job->plan)) {
			if (!set->verbose)
				report_text(&job->report, stderr);
			code = EXIT_REFUSED;
		}
	} else if (cannot_be_injected(job)) {
		code = leave(set, args, err->message);
	} else {
		fprintf(stderr, "probes: %s: %s; to build without probes leave out -toolexec\n",
			program_name(args), err->message);
		code = EXIT_FAILED;
	}
	err_free(err);
	return code;
}

static int inject(struct toolexec *set, const struct link_args *args)
{
	struct injection_files files = { .input = args->out };
	struct injection job;

	if (buildid_unfinished(args->build_id))
		files.build_id = args->build_id;
	set->how.unsynced = true; /* go hashes, copies or deletes it anyway */

	struct err *err = injection_run(&set->how, &files, &job);
	int code = judge(set, args, err, &job);

	injection_free(&job);
	return code;
}

int toolexec_link(struct toolexec *set)
{
	if (set->tool[1] && !strcmp(set->tool[1], "-V=full"))
		return answer_version(set);

	struct link_args args = link_args_of(set->tool);
	int code = toolexec_run(set->tool, NULL);

	if (code)
		return code;

	const char *why = why_not(&args);

	if (why)
		return leave(set, &args, why);
	code = cmd_report(injection_load(&set->how));
	return code ? code : inject(set, &args);
}
