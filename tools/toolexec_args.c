/* SPDX-License-Identifier: MIT */
/* The arguments of Go's linker. */
#include <string.h>

#include "toolexec.h"

/* Flags that take a value, of all linkers from Go 1.18 on: it may look like a flag itself. */
static const char *const with_value[] = {
	"B", "D", "E", "H", "I", "L", "R", "T", "X", "benchmark", "benchmarkprofile", "buildid",
	"buildmode", "capturehostobjs", "cpuprofile", "debugtextsize", "debugtramp", "extar",
	"extld", "extldflags", "fipso", "funcalign", "importcfg", "installsuffix", "k", "libgcc",
	"linkmode", "macos", "macsdk", "memprofile", "memprofilerate", "o", "pluginpath", "r",
	"randlayout", "strictdups", "tmpdir",
};

static bool takes_value(const char *name)
{
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
		if (!strcmp(name, with_value[i]))
			return true;
	return false;
}

static bool is_flag(const char *arg, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(arg, name, len);
}

/* One flag with its value, which is NULL for a flag without. */
static void take(struct link_args *args, const char *name, size_t len, const char *value)
{
	if (!value)
		return;
	if (is_flag(name, len, "o"))
		args->out = value;
	else if (is_flag(name, len, "buildmode"))
		args->build_mode = value;
	else if (is_flag(name, len, "buildid"))
		args->build_id = value;
}

struct link_args link_args_of(char *const *argv)
{
	struct link_args args = { .out = "a.out", .build_mode = "exe", .build_id = "" };

	for (argv++; *argv; argv++) {
		const char *name = *argv;

		if (*name != '-')
			continue;
		name += name[1] == '-' ? 2 : 1;

		const char *equals = strchr(name, '=');

		if (equals)
			take(&args, name, (size_t)(equals - name), equals + 1);
		else if (takes_value(name) && argv[1])
			take(&args, name, strlen(name), *++argv);
	}
	return args;
}
