/* SPDX-License-Identifier: MIT */
/* The command line of the libbpf tools: one table of options makes the parser and the help. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "bpf-scripts/common_run.h"

#define OPTIONS_MAX 16

static const struct front_option common[] = {
	{ 'p', OPTION_FLAG, "PID", "this process only; FILE is then not needed", 0 },
	{ 'd', OPTION_FLAG, "SECONDS", "end by itself after so long", 0 },
	{ 'h', OPTION_FLAG, NULL, "this text (also --help)", 0 },
	{ 0, OPTION_FLAG, NULL, NULL, 0 },
};

static void help_options(const struct front_option *options)
{
	for (; options && options->letter; options++)
		printf("  -%c %-8s %s\n", options->letter, options->argument ? options->argument :
		       "", options->help);
}

static const char *need_text(enum front_need need)
{
	switch (need) {
	case NEED:
		return "needed";
	case ANY:
		return "any of these";
	case EXTRA:
		break;
	}
	return "if there";
}

static void help(const struct front *front)
{
	printf("%s: %s\n\nUSAGE: %s [OPTIONS] FILE | %s [OPTIONS] -p PID\n\n", front->name,
	       front->purpose, front->name, front->name);
	help_options(front->options);
	help_options(common);
	puts("\nPROBES (probes inject -p PROVIDER:'*' puts them in the program):");
	for (const struct front_probe *p = front->probes; p->program; p++)
		printf("  %s:%s (%s)\n", p->provider, p->name, need_text(p->need));
}

static int wrong(const struct run *run, const char *what, const char *value)
{
	fprintf(stderr, "%s: %s%s%s; see %s --help\n", run->front->name, what,
		*value ? ": " : "", value, run->front->name);
	return EXIT_USAGE;
}

/* A number of 0 and above; false when the text is something else. */
static bool number(const char *text, double *value_ret)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (errno || end == text || *end || !(value >= 0 && value < 1e12))
		return false;
	*value_ret = value;
	return true;
}

static int take_own(struct run *run, const struct front_option *option, const char *text)
{
	double value = 0;

	if (option->argument && !number(text, &value))
		return wrong(run, "not a number", text);
	switch (option->kind) {
	case OPTION_FLAG:
		run->settings.flags |= option->flag;
		break;
	case OPTION_MIN_MS:
		run->settings.min_ns = (uint64_t)(value * 1e6);
		break;
	case OPTION_MIN_US:
		run->settings.min_ns = (uint64_t)(value * 1e3);
		break;
	case OPTION_ROWS:
		run->rows = value < 1e6 ? (unsigned)value : 1000000;
		break;
	case OPTION_INTERVAL:
		if (value < 0.1)
			return wrong(run, "an interval is at least 0.1 s", text);
		run->interval = value;
		break;
	}
	return -1;
}

static int take(struct run *run, int letter, const char *text)
{
	double value;

	switch (letter) {
	case 'h':
		help(run->front);
		return EXIT_DONE;
	case 'p':
		if (!number(text, &value) || value < 1 || value > 4194304)
			return wrong(run, "not a process id", text);
		run->pid = (int)value;
		return -1;
	case 'd':
		if (!number(text, &run->seconds) || run->seconds <= 0)
			return wrong(run, "not a number of seconds", text);
		return -1;
	default:
		break;
	}
	for (const struct front_option *own = run->front->options; own && own->letter; own++)
		if (own->letter == letter)
			return take_own(run, own, text);
	return wrong(run, "unknown option, or one without its value", "");
}

static void add_letters(char *letters, const struct front_option *options)
{
	for (; options && options->letter; options++) {
		size_t len = strlen(letters);

		letters[len++] = options->letter;
		if (options->argument)
			letters[len++] = ':';
		letters[len] = 0;
	}
}

static int take_target(struct run *run, char **rest, int n)
{
	if (n > 1)
		return wrong(run, "more than one FILE", rest[1]);
	if (!n && run->pid < 0)
		return wrong(run, "neither FILE nor -p PID", "");
	if (n) {
		/* libbpf looks for names without a slash along $PATH. */
		run->file = mem_printf("%s%s", strchr(rest[0], '/') ? "" : "./", rest[0]);
		run->shown = rest[0];
	} else {
		run->file = mem_printf("/proc/%d/exe", run->pid);
		run->shown = run->file;
	}
	if (run->pid > 0 && kill(run->pid, 0) && errno == ESRCH) {
		fprintf(stderr, "%s: there is no process %d\n", run->front->name, run->pid);
		return EXIT_FAILED;
	}
	if (access(run->file, R_OK)) {
		fprintf(stderr, "%s: %s: %s\n", run->front->name, run->shown, strerror(errno));
		return EXIT_FAILED;
	}
	return -1;
}

int run_arguments(struct run *run, int argc, char **argv)
{
	static const struct option words[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	char letters[3 * OPTIONS_MAX] = "";
	int letter, code;

	add_letters(letters, common);
	add_letters(letters, run->front->options);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, words, NULL)) != -1) {
		code = take(run, letter, optarg);
		if (code >= 0)
			return code;
	}
	return take_target(run, argv + optind, argc - optind);
}
