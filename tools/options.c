/* SPDX-License-Identifier: MIT */
/* Option tables: parsing with getopt_long, help text, nearest names. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/near.h"
#include "options.h"

enum { ID_HELP = 'h', HELP_COLUMN = 26, WORD_MAX = 31 };

static const struct option_spec help_option = {
	ID_HELP, "help", NULL, "print this text",
};

struct options options_start(const struct command_spec *spec, int argc, char **argv)
{
	struct options opts = { .spec = spec, .argc = argc, .argv = argv };
	const struct option_spec *from = spec->options;
	size_t letter = 0, entry = 0;

	if (spec->stop)
		opts.letters[letter++] = '+';
	opts.letters[letter++] = ':';
	for (int count = 0; count <= OPTIONS_MAX; count++, from++) {
		const struct option_spec *option = from->id ? from : &help_option;

		if (option->id <= UCHAR_MAX) {
			opts.letters[letter++] = (char)option->id;
			if (option->arg)
				opts.letters[letter++] = ':';
		}
		if (option->long_name)
			opts.table[entry++] = (struct option){
				.name = option->long_name,
				.has_arg = option->arg ? required_argument : no_argument,
				.val = option->id,
			};
		if (option == &help_option)
			break;
	}
	optind = 0; /* glibc: start anew, also after an earlier command line */
	opterr = 0;
	return opts;
}

/* Text of an option below `column`, its further lines indented to it. */
static void print_indented(const char *text, int column)
{
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n')
			printf("%*s", column, "");
	}
	putchar('\n');
}

static void print_option(const struct option_spec *option)
{
	char left[64];
	int len = 0;

	if (option->id <= UCHAR_MAX)
		len = snprintf(left, sizeof(left), "-%c%s", option->id,
			       option->long_name ? ", " : "");
	else
		len = snprintf(left, sizeof(left), "    ");
	if (option->long_name)
		len += snprintf(left + len, sizeof(left) - (size_t)len, "--%s",
				option->long_name);
	if (option->arg)
		snprintf(left + len, sizeof(left) - (size_t)len, " %s", option->arg);
	printf("  %-*s", HELP_COLUMN - 2, left);
	if (strlen(left) > HELP_COLUMN - 3)
		printf("\n%*s", HELP_COLUMN, "");
	print_indented(option->help, HELP_COLUMN);
}

static void print_help(const struct command_spec *spec)
{
	printf("usage: probes %s [OPTION]... %s\n\n%s\n\n", spec->name, spec->operands,
	       spec->about);
	for (const struct option_spec *option = spec->options; option->id; option++)
		print_option(option);
	print_option(&help_option);
	if (spec->notes)
		printf("\n%s\n", spec->notes);
}

int options_usage_error(const struct command_spec *spec, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "probes %s: ", spec->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see probes %s --help\n", spec->name);
	return EXIT_USAGE;
}

/* getopt_long met an option it does not know, or one that takes no argument but has one. */
static int unknown_option(const struct options *opts)
{
	const char *names[OPTIONS_MAX + 1], *word = opts->argv[optind - 1];
	int n = 0;

	if (optopt && optopt <= UCHAR_MAX && (word[0] != '-' || word[1] != '-'))
		return options_usage_error(opts->spec, "unknown option -%c", optopt);
	if (optopt)
		return options_usage_error(opts->spec, "%s takes no argument", word);
	while (opts->table[n].name) {
		names[n] = opts->table[n].name;
		n++;
	}
	size_t len = strcspn(word + 2, "=");
	char name[WORD_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)(len > WORD_MAX ? WORD_MAX : len), word + 2);
	const char *near = options_nearest(name, names, n);
	if (near)
		return options_usage_error(opts->spec, "unknown option %s (did you mean --%s?)",
					   word, near);
	return options_usage_error(opts->spec, "unknown option %s", word);
}

static int stop(struct options *opts, int exit_code)
{
	opts->exit_code = exit_code;
	return OPTIONS_STOP;
}

static int check_operands(struct options *opts)
{
	const struct command_spec *spec = opts->spec;
	int count = opts->argc - optind;

	opts->first = optind;
	if (count < spec->min_operands)
		return stop(opts, options_usage_error(spec, "missing operand: %s",
						      spec->operands));
	if (spec->max_operands && count > spec->max_operands)
		return stop(opts, options_usage_error(spec, "extra operand '%s'",
						      opts->argv[optind + spec->max_operands]));
	return OPTIONS_DONE;
}

int options_next(struct options *opts)
{
	int id = getopt_long(opts->argc, opts->argv, opts->letters, opts->table, NULL);

	opts->value = optarg;
	switch (id) {
	case -1:
		return check_operands(opts);
	case ID_HELP:
		print_help(opts->spec);
		return stop(opts, EXIT_DONE);
	case ':':
		return stop(opts, options_usage_error(opts->spec, "%s needs an argument",
						      opts->argv[optind - 1]));
	case '?':
		return stop(opts, unknown_option(opts));
	default:
		return id;
	}
}

const char *options_nearest(const char *word, const char *const *names, int n)
{
	const char *best = NULL;
	int best_distance = 3;

	for (int i = 0; i < n; i++) {
		int d = near_distance(word, names[i]);

		if (d < best_distance && d < (int)strlen(names[i])) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
