/* SPDX-License-Identifier: MIT */
/* The linker, and the pass behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "patch/buildid.h"
#include "toolexec.h"
#include "toolexec_args.h"
#include "toolexec_run.h"

/* Answers for the linker, with the digest of what follows it. */
static int answer_version(struct toolexec *set)
{
	char digest[TOOLEXEC_DIGEST];
	int code = cmd_report(toolexec_load(set));

	if (!code)
		code = cmd_report(toolexec_digest(set, digest));
	return code ? code : toolexec_answer(set, digest);
}

/* Why a link of this kind has no program to inject; or NULL. */
static const char *why_not(const struct link_args *args)
{
	static const struct { const char *mode, *why; } never[] = {
		{ "c-archive", "-buildmode=c-archive makes a library that is linked elsewhere; "
		  "run `probes inject` on the program that it becomes a part of" },
		{ "shared", "-buildmode=shared makes a library that is no program" },
	};

	if (!toolexec_known_target())
		return "only linux/amd64 programs can have them";
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (!strcmp(args->build_mode, never[i].mode))
			return never[i].why;
	return NULL;
}

/* The linker's output stays as it is; with --strict that is not good enough. */
static int leave(const struct toolexec *set, const struct link_args *args, const char *why)
{
	toolexec_say(args->out, "built without probes: %s", why);
	return set->how.strict ? EXIT_REFUSED : EXIT_DONE;
}

/* Whether the error says what the program is like, not that something went wrong with us, or
 * that a definition is wrong. */
static bool cannot_be_injected(const struct injection *job)
{
	bool cannot_write = job->original && !job->writing;

	return !job->output && !cannot_write && !job->wrong_definition;
}

/* Tests are built often, of many packages, and thrown away: nothing is said about theirs. */
static bool is_test(const char *program)
{
	size_t len = strlen(program);

	return len > 5 && !strcmp(program + len - 5, ".test");
}

static int report(const struct toolexec *set, const struct link_args *args,
		  struct injection *job)
{
	const char *package = getenv("TOOLEXEC_IMPORTPATH");
	size_t refused = report_refused(job->plan), others = 0;

	job->report.output_path = package && *package ? package : args->out;
	if (set->verbose || (set->how.strict && refused))
		report_text(&job->report, stderr);
	else if (!is_test(job->report.output_path))
		others = report_own(&job->report, job->report.output_path, stderr);
	if (others)
		toolexec_say(args->out, "%zu probe%s refused; `probes list --json` says why",
			     others, others == 1 ? " is" : "s are");
	if (!set->how.strict || !refused)
		return EXIT_DONE;
	toolexec_say(args->out, "the build fails, as --strict asks, for %zu refused probe%s",
		     refused, refused == 1 ? "" : "s");
	return EXIT_REFUSED;
}

static int inject(const struct toolexec *set, const struct link_args *args, const char *debug)
{
	struct injection_files files = { .input = args->out, .debug = debug };
	struct injection job;
	int code;

	if (buildid_unfinished(args->build_id))
		files.build_id = args->build_id;

	struct err *err = injection_run(&set->how, &files, &job);

	if (!err) {
		code = report(set, args, &job);
	} else if (cannot_be_injected(&job)) {
		code = leave(set, args, err->message);
	} else {
		toolexec_say(args->out, "%s; to build without probes leave out -toolexec",
			     err->message);
		code = EXIT_FAILED;
	}
	err_free(err);
	injection_free(&job);
	return code;
}

/* Own probes whose types are not written down need DWARF, for this moment only. */
static int inject_with_debug(struct toolexec *set, const struct link_args *args)
{
	char *debug = NULL;
	int code;

	if (def_needs_dwarf(set->how.defs, set->how.selected)) {
		struct err *err = toolexec_link_debug(set->tool, args->out, &debug);

		if (err)
			toolexec_say(args->out, "%s", err->message);
		err_free(err);
	}
	code = inject(set, args, debug);
	if (debug)
		unlink(debug);
	free(debug);
	return code;
}

int toolexec_link(struct toolexec *set)
{
	struct link_args args = link_args_of(set->tool);
	int code;

	set->how.unsynced = true; /* go hashes, copies or deletes it anyway */
	if (toolexec_asked_version(set))
		return answer_version(set);
	code = toolexec_run(set->tool, NULL, false);
	if (code)
		return code;

	const char *why = why_not(&args);

	if (why)
		return leave(set, &args, why);
	code = cmd_report(toolexec_load(set));
	if (code)
		return code;
	if (set->how.in_place) {
		char *reason = toolexec_not_in_place(set);

		if (reason)
			toolexec_say(args.out, "--mode inline: %s; built with detours", reason);
		free(reason);
	}
	return inject_with_debug(set, &args);
}
