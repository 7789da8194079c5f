/* SPDX-License-Identifier: MIT */
/* The arguments of Go's linker. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "toolexec_args.h"

/* Flags that take a value, of all linkers from Go 1.18 on: it may look like a flag itself. */
static const char *const with_value[] = {
	"B", "D", "E", "H", "I", "L", "R", "T", "X", "benchmark", "benchmarkprofile", "buildid",
	"buildmode", "capturehostobjs", "cpuprofile", "debugtextsize", "debugtramp", "extar",
	"extld", "extldflags", "fipso", "funcalign", "importcfg", "installsuffix", "k", "libgcc",
	"linkmode", "macos", "macsdk", "memprofile", "memprofilerate", "o", "pluginpath", "r",
	"randlayout", "strictdups", "tmpdir",
};

bool link_flag_is(const struct link_flag *flag, const char *name)
{
	return strlen(name) == flag->len && !memcmp(flag->name, name, flag->len);
}

static bool takes_value(const struct link_flag *flag)
{
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
		if (link_flag_is(flag, with_value[i]))
			return true;
	return false;
}

struct link_flag link_flag_at(char *const *argv)
{
	const char *arg = *argv;
	struct link_flag flag = { .name = "", .args = 1 };

	if (*arg != '-' || !arg[1])
		return flag;
	flag.name = arg + (arg[1] == '-' ? 2 : 1);
	flag.len = strcspn(flag.name, "=");
	if (flag.name[flag.len]) {
		flag.value = flag.name + flag.len + 1;
	} else if (takes_value(&flag) && argv[1]) {
		flag.value = argv[1];
		flag.args = 2;
	}
	return flag;
}

struct link_args link_args_of(char *const *argv)
{
	struct link_args args = { .out = "a.out", .build_mode = "exe", .build_id = "" };
	struct link_flag flag;

	for (argv++; *argv; argv += flag.args) {
		flag = link_flag_at(argv);
		if (link_flag_is(&flag, "o") && flag.value)
			args.out = flag.value;
		else if (link_flag_is(&flag, "buildmode") && flag.value)
			args.build_mode = flag.value;
		else if (link_flag_is(&flag, "buildid") && flag.value)
			args.build_id = flag.value;
	}
	return args;
}

static bool strips(const char *flag, size_t len)
{
	static const char *const known[] = { "-s", "-S", "--strip-all", "--strip-debug" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == len && !memcmp(known[i], flag, len))
			return true;
	return false;
}

/* Of "-Wl,-s,-z,relro" what is left without stripping: "-Wl,-z,relro", or nothing. */
static void keep_word(const char *word, size_t len, struct buf *out)
{
	bool list = len > 4 && !memcmp(word, "-Wl,", 4), any = false;
	size_t at = list ? 4 : 0, part;

	for (; at < len; at += part + 1) {
		part = list ? strcspn(word + at, ", ") : len;
		if (strips(word + at, part))
			continue;
		buf_text(out, any ? "," : list ? " -Wl," : " ");
		buf_put(out, word + at, part);
		any = true;
	}
}

/* Flags of the external linker without those that make it leave out DWARF. */
static char *keeping_dwarf(const char *flags)
{
	struct buf kept = { 0 };

	for (const char *word = flags; *(word += strspn(word, " ")); word += strcspn(word, " "))
		keep_word(word, strcspn(word, " "), &kept);
	buf_u8(&kept, 0);
	return (char *)kept.data;
}

char **link_args_with_dwarf(char *const *argv, const char *out)
{
	struct link_flag flag;
	char **args;
	size_t n = 0;

	while (argv[n])
		n++;
	args = mem_zalloc((n + 5) * sizeof(*args));
	n = 0;
	args[n++] = mem_strdup(*argv++);
	args[n++] = mem_strdup("-o");
	args[n++] = mem_strdup(out);
	for (; *argv; argv += flag.args) {
		flag = link_flag_at(argv);
		if (link_flag_is(&flag, "s") || link_flag_is(&flag, "w") ||
		    link_flag_is(&flag, "o"))
			continue;
		if (link_flag_is(&flag, "extldflags") && flag.value) {
			char *kept = keeping_dwarf(flag.value);

			args[n++] = mem_printf("-extldflags=%s", kept);
			free(kept);
			continue;
		}
		for (int i = 0; i < flag.args; i++)
			args[n++] = mem_strdup(argv[i]);
	}
	return args;
}

void link_args_free(char **argv)
{
	for (char **arg = argv; arg && *arg; arg++)
		free(*arg);
	free(argv);
}
