/* SPDX-License-Identifier: MIT */
/* `probes inject`: gives Go programs USDT probes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "injection.h"
#include "oci/command.h"
#include "oci/store.h"
#include "options.h"
#include "report.h"

enum { OPT_MODE = 256, OPT_JSON, OPT_IN_IMAGE };

static const struct option_spec inject_options[] = {
	{ 'o', "output", "OUT", "write the result to OUT; the default replaces FILE" },
	{ OPT_MODE, "mode", "MODE", "detour (default): nop sites behind a jump;\n"
	  "note: change no code, point at existing instructions" },
	{ OPT_JSON, "json", NULL, "print a report for machines on standard output" },
	{ OPT_IN_IMAGE, "in-image", "PATH", "inject the programs at PATH of the image (globs "
	  "allowed) in\nplace of what it runs; may be given again" },
	INJECTION_OPTIONS,
	{ 0 },
};

static const struct command_spec inject_spec = {
	.name = "inject",
	.operands = "FILE...",
	.about = "Gives each Go program FILE a USDT probe at the standard-library functions it\n"
		 "holds. The file is replaced in one step; a program that runs goes on with the\n"
		 "old one. Injecting again replaces what was injected before.\n"
		 "FILE may be a container image: an OCI image layout (folder or tar archive) or a\n"
		 "docker archive. Then the program that it runs is injected.",
	.options = inject_options,
	.notes = "The file changes: sign it afterwards. `probes strip` gives the original back.",
	.min_operands = 1,
};

struct settings {
	struct injection_settings how;
	const char *out;
	bool json;
	const char *in_image[INJECTION_MAX_GIVEN];
	int nin_image;
};

static int inject_image(const struct settings *set, const char *path, cJSON *reports)
{
	const struct oci_options options = { &set->how, set->out, set->in_image,
					     set->nin_image };

	return oci_command(&options, path, reports);
}

/* One file, from reading it to the line about it; its exit code. */
static int inject_file(const struct settings *set, const char *path, cJSON *reports)
{
	if (store_is_image(path))
		return inject_image(set, path, reports);
	if (set->nin_image)
		return cmd_report(err_new("%s: no container image, which --in-image needs", path));

	struct injection job;
	struct injection_files files = { .input = path, .output = set->out };
	struct err *err = injection_run(&set->how, &files, &job);
	int code = EXIT_DONE;

	if (err) {
		code = cmd_report(err);
	} else {
		if (reports)
			cJSON_AddItemToArray(reports, report_json(&job.report));
		else
			report_text(&job.report, stderr);
		if (set->how.strict && report_refused(job.plan))
			code = EXIT_REFUSED;
	}
	injection_free(&job);
	return code;
}

/* EXIT_DONE, or the exit code of a wrong option. */
static int set_option(struct settings *set, int id, const char *value)
{
	switch (id) {
	case 'o':
		set->out = value;
		break;
	case OPT_MODE:
		if (strcmp(value, "detour") && strcmp(value, "note"))
			return options_usage_error(&inject_spec,
						   "no mode '%s'; take detour or note%s", value,
						   strcmp(value, "inline") ? "" :
						   " (inline is `probes toolexec`'s)");
		set->how.mode = strcmp(value, "note") ? PLAN_DETOUR : PLAN_NOTE;
		break;
	case OPT_JSON:
		set->json = set->how.digests = true;
		break;
	case OPT_IN_IMAGE:
		if (set->nin_image == INJECTION_MAX_GIVEN)
			return options_usage_error(&inject_spec, "more than %d --in-image",
						   INJECTION_MAX_GIVEN);
		set->in_image[set->nin_image++] = value;
		break;
	default:
		return injection_option(&set->how, &inject_spec, id, value);
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
	struct settings set = { .how.mode = PLAN_DETOUR };
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
		code = cmd_report(injection_load(&set.how));
	if (!code)
		code = run(&set, argc - opts.first, argv + opts.first);
	injection_settings_free(&set.how);
	return code;
}
