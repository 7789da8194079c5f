/* SPDX-License-Identifier: MIT */
/* `probes toolexec`: what the go command runs instead of its tools, with -toolexec. */
#include <string.h>

#include "cmd.h"
#include "options.h"
#include "toolexec.h"
#include "toolexec_run.h"

enum { OPT_MODE = 256, OPT_MODULE, OPT_NO_OWN, OPT_PREPARE };

static const struct option_spec toolexec_options[] = {
	{ OPT_MODE, "mode", "MODE", "detour (default): nop sites behind a jump;\n"
	  "inline: sites that a patched compiler leaves in place;\n"
	  "note: change no code, point at existing instructions" },
	INJECTION_OPTIONS,
	{ OPT_MODULE, "module", "DIR", "own probes are those of the modules in DIR;\n"
	  "the default is where the go command runs" },
	{ OPT_NO_OWN, "no-own", NULL, "leave out the probes that modules define for themselves" },
	{ 'v', "verbose", NULL, "say what each program got" },
	{ OPT_PREPARE, "prepare", NULL, "make the compiler of --mode inline ahead of time,\n"
	  "for the go command that is the operand (default: go)" },
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
	.notes = "What cannot have probes (another system, c-archive) is built without, and a\n"
		 "line says so; with --strict the build fails.",
	.stop = true,
};

static int set_mode(struct toolexec *set, const char *mode)
{
	if (strcmp(mode, "detour") && strcmp(mode, "note") && strcmp(mode, "inline"))
		return options_usage_error(&toolexec_spec,
					   "no mode '%s'; take detour, inline or note", mode);
	set->how.mode = strcmp(mode, "note") ? PLAN_DETOUR : PLAN_NOTE;
	set->how.in_place = !strcmp(mode, "inline");
	return EXIT_DONE;
}

/* EXIT_DONE, or the exit code of a wrong option. */
static int set_option(struct toolexec *set, int id, const char *value, bool *prepare)
{
	switch (id) {
	case OPT_MODE:
		return set_mode(set, value);
	case OPT_MODULE:
		set->module = value;
		break;
	case OPT_NO_OWN:
		set->no_own = true;
		break;
	case OPT_PREPARE:
		*prepare = true;
		break;
	case 'v':
		set->verbose = true;
		break;
	default:
		return injection_option(&set->how, &toolexec_spec, id, value);
	}
	return EXIT_DONE;
}

static bool is_tool(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, name);
}

static int run_tool(struct toolexec *set)
{
	int code;

	if (is_tool(set->tool[0], "link"))
		code = toolexec_link(set);
	else if (set->how.in_place && is_tool(set->tool[0], "compile"))
		code = toolexec_compile(set);
	else
		return toolexec_become(set->tool);
	toolexec_free(set);
	return code;
}

int cmd_toolexec(int argc, char **argv)
{
	struct toolexec set = { .how.mode = PLAN_DETOUR };
	struct options opts = options_start(&toolexec_spec, argc, argv);
	bool prepare = false;
	int id, code = EXIT_DONE;

	while (!code && (id = options_next(&opts)) > 0)
		code = set_option(&set, id, opts.value, &prepare);
	if (code)
		return code;
	if (id == OPTIONS_STOP)
		return opts.exit_code;
	set.tool = argv + opts.first;
	if (prepare)
		return toolexec_prepare(set.tool[0] ? set.tool[0] : "go");
	if (!set.tool[0])
		return options_usage_error(&toolexec_spec, "missing operand: %s",
					   toolexec_spec.operands);
	return run_tool(&set);
}
