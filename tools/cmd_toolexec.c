/* SPDX-License-Identifier: MIT */
/* `probes toolexec`: what the go command runs instead of its tools, with -toolexec. */
#include <string.h>

#include "cmd.h"
#include "options.h"
#include "toolexec.h"
#include "toolexec_run.h"

enum { OPT_MODE = 256 };

static const struct option_spec toolexec_options[] = {
	{ OPT_MODE, "mode", "MODE", "detour (default): nop sites behind a jump;\n"
	  "note: change no code, point at existing instructions" },
	{ 'v', "verbose", NULL, "say what each program got" },
	INJECTION_OPTIONS,
	{ 0 },
};

static const struct command_spec toolexec_spec = {
	.name = "toolexec",
	.operands = "TOOL [ARGUMENT]...",
	.about = "Runs a tool of the Go toolchain, and gives what the linker made its probes, as\n"
		 "`probes inject` would:\n\n"
		 "  go build -toolexec=\"probes toolexec\" ./...\n\n"
		 "The same with go install, test and run, and for every build with\n"
		 "GOFLAGS='\"-toolexec=probes toolexec\"'. Go's build cache knows about it.",
	.options = toolexec_options,
	.notes = "What cannot have probes (another system, c-archive) is built without, and a line\n"
		 "says so; with --strict the build fails.",
	.min_operands = 1,
	.stop = true,
};

/* EXIT_DONE, or the exit code of a wrong option. */
static int set_option(struct toolexec *set, int id, const char *value)
{
	switch (id) {
	case OPT_MODE:
		if (strcmp(value, "detour") && strcmp(value, "note"))
			return options_usage_error(&toolexec_spec, "no mode '%s'", value);
		set->how.mode = strcmp(value, "note") ? PLAN_DETOUR : PLAN_NOTE;
		break;
	case 'v':
		set->verbose = true;
		break;
	default:
		return injection_option(&set->how, &toolexec_spec, id, value);
	}
	return EXIT_DONE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int cmd_toolexec(int argc, char **argv)
{
	struct toolexec set = { .how.mode = PLAN_DETOUR };
	struct options opts = options_start(&toolexec_spec, argc, argv);
	int id, code = EXIT_DONE;

	while (!code && (id = options_next(&opts)) > 0)
		code = set_option(&set, id, opts.value);
	if (code)
		return code;
	if (id == OPTIONS_STOP)
		return opts.exit_code;
	set.tool = argv + opts.first;
	if (strcmp(base_name(set.tool[0]), "link"))
		return toolexec_become(set.tool);
	code = toolexec_link(&set);
	injection_settings_free(&set.how);
	return code;
}
