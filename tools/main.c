/* SPDX-License-Identifier: MIT */
/* The command `probes`: finds the subcommand and hands over. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "options.h"
#include "version.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct command commands[] = {
	{ "inject", cmd_inject, "give Go programs USDT probes" },
	{ "toolexec", cmd_toolexec, "the same within go build: -toolexec=\"probes toolexec\"" },
	{ "list", cmd_list, "the USDT probes of an ELF file or a running process" },
	{ "catalog", cmd_catalog, "the probes that can be injected, and for which Go versions" },
	{ "verify", cmd_verify, "prove that an injected program is what it says it is" },
	{ "strip", cmd_strip, "give back the original program, byte for byte" },
#ifdef HAVE_BPF
	{ "trace", cmd_trace, "print what happens at probes, as it happens" },
	{ "top", cmd_top, "a live table of rates, latencies and errors by probe and key" },
	{ "hist", cmd_hist, "histograms of latencies or arguments, and heat maps over time" },
	{ "stacks", cmd_stacks, "add up the stacks that probes fire on: profiles, flame graphs" },
	{ "record", cmd_record, "keep the latest events, and write them when something happens" },
	{ "export", cmd_export, "spans and metrics for OpenTelemetry and Prometheus" },
#endif
	{ "bpftrace", cmd_bpftrace, "a bpftrace script that shows what the probes say" },
#ifdef HAVE_BPF
	{ "doctor", cmd_doctor, "whether tracing works here, and what is in the way" },
#endif
};

enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *out)
{
	fputs("usage: probes COMMAND [ARGUMENT]...\n\n"
	      "USDT probes for finished Go programs (linux/amd64, Go 1.18 and newer).\n\n", out);
	for (int i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`probes COMMAND --help` tells more, `probes --version` which version this is.\n"
	      "Exit codes: 0 done, 1 could not, 2 wrong usage, 3 nothing matched,\n"
	      "4 some sites refused (only with inject --strict).\n", out);
}

int cmd_report(struct err *err)
{
	if (!err)
		return EXIT_DONE;
	int code = err->code;

	fflush(stdout);
	fprintf(stderr, "probes: %s\n", err->message);
	err_free(err);
	return code;
}

/* Whether it is one of the commands that this build leaves out. */
static bool is_left_out(const char *word)
{
#ifdef HAVE_BPF
	(void)word;
#else
	static const char *const tracing[] = { "trace", "top", "hist", "stacks", "record",
					       "export", "doctor" };

	for (size_t i = 0; i < sizeof(tracing) / sizeof(tracing[0]); i++)
		if (!strcmp(word, tracing[i]))
			return true;
#endif
	return false;
}

static int unknown_command(const char *word)
{
	const char *names[NCOMMANDS];

	if (is_left_out(word)) {
		fprintf(stderr, "probes: this build does not trace, so it has no '%s': `make deps` "
			"and ./configure without --without-bpf make one that does\n", word);
		return EXIT_FAILED;
	}

	for (int i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i].name;
	const char *near = options_nearest(word, names, NCOMMANDS);

	if (near)
		fprintf(stderr, "probes: unknown command '%s' (did you mean '%s'?); "
			"see probes --help\n", word, near);
	else
		fprintf(stderr, "probes: unknown command '%s'; see probes --help\n", word);
	return EXIT_USAGE;
}

/* GOFLAGS of Go 1.18 and 1.19 take no value with a space, so the command has a name of its own. */
static bool called_toolexec(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, "probes-toolexec");
}

static int run_command(int argc, char **argv)
{
	if (argc && called_toolexec(argv[0]))
		return cmd_toolexec(argc, argv);
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("probes " PROBES_VERSION);
		return EXIT_DONE;
	}
	for (int i = 0; i < NCOMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
	int code = run_command(argc, argv);

	if ((fflush(stdout) || ferror(stdout)) && code == EXIT_DONE)
		code = cmd_report(err_sys(errno, "cannot write standard output"));
	return code;
}
