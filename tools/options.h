/* SPDX-License-Identifier: MIT */
/*
 * One table per command drives both getopt_long and --help, so that they cannot differ.
 *
 *	struct options opts = options_start(&spec, argc, argv);
 *
 *	while ((id = options_next(&opts)) > 0)
 *		switch (id) { case 'o': out = opts.value; break; ... }
 *	if (id == OPTIONS_STOP)
 *		return opts.exit_code;
 *	operands are argv[opts.first .. argc - 1]
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#define OPTIONS_MAX 30

struct option_spec {
	int id;                /* the short option's letter, or above 255 when it has none */
	const char *long_name; /* without dashes, or NULL */
	const char *arg;       /* name of its argument for --help, or NULL */
	const char *help;      /* one or several lines, separated by \n */
};

struct command_spec {
	const char *name;     /* "list" */
	const char *operands; /* "FILE|PID [PATTERN]..." */
	const char *about;    /* what it does: a sentence or more, lines separated by \n */
	const struct option_spec *options; /* ends with a zeroed one; --help is added */
	const char *notes;    /* printed below the options, or NULL */
	int min_operands;
	int max_operands;     /* 0 = any number */
	bool stop;            /* at the first operand: what follows is another command */
};

enum { OPTIONS_DONE = 0, OPTIONS_STOP = -1 };

struct options {
	const struct command_spec *spec; /* borrowed */
	int argc;
	char **argv;       /* borrowed; options_next() moves operands behind options */
	const char *value; /* the argument of the option last returned, borrowed, or NULL */
	int first;         /* after OPTIONS_DONE: index of the first operand */
	int exit_code;     /* after OPTIONS_STOP */
	struct option table[OPTIONS_MAX + 2];
	char letters[2 * OPTIONS_MAX + 5];
};

/* argv[0] is the name of the command. */
struct options options_start(const struct command_spec *spec, int argc, char **argv);

/*
 * The id of the next option; OPTIONS_DONE behind the last; or OPTIONS_STOP when help was
 * printed (exit code 0) or the usage is wrong (a line on stderr was printed; exit code 2).
 */
int options_next(struct options *opts);

/* Prints "probes NAME: MESSAGE; see probes NAME --help" to stderr; returns EXIT_USAGE. */
int options_usage_error(const struct command_spec *spec, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The one of `names` (n of them) that is most like `word`, or NULL when none is near. */
const char *options_nearest(const char *word, const char *const *names, int n);

#endif
