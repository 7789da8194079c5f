/* SPDX-License-Identifier: MIT */
/* `probes bpftrace`: a ready script for bpftrace that decodes the arguments of probes. */
#include <stdio.h>
#include <stdlib.h>

#include "bpftrace.h"
#include "cmd.h"
#include "options.h"
#include "target.h"

enum { ID_ARGS = 'a' + 256, ID_SPANS, ID_HIST };

static const struct option_spec bpftrace_options[] = {
	{ 'p', "pid", "PID", "only this process of FILE" },
	{ ID_SPANS, "spans", NULL, "the line of X_end also tells the time since X_start on the\n"
				   "same goroutine; at the end a histogram of each pair" },
	{ ID_HIST, "hist", NULL, "no line for each hit: at the end how often each probe fired,\n"
				 "and a histogram of each pair" },
	{ ID_ARGS, "args", "N", "highest argN to use [5]; bpftrace 0.24 and later read\n"
				"all of them: --args 11" },
	{ 0 },
};

static const struct command_spec bpftrace_spec = {
	.name = "bpftrace",
	.operands = "FILE|PID [PATTERN]...",
	.about = "Prints a bpftrace script for the probes of an ELF file or a running process.\n"
		 "Each hit is a line: time, process, goroutine, probe, every argument by name.\n"
		 "A number is a process; write ./123 for a file. PATTERN is as for probes list.",
	.options = bpftrace_options,
	.notes = "Example:\n"
		 "  probes bpftrace ./app net_http database_sql >app.bt\n"
		 "  bpftrace app.bt\n"
		 "The script runs with bpftrace 0.17 and later and is made to be edited.\n"
		 "Exit code 3 when nothing matched.",
	.min_operands = 1,
};

static bool read_number(const char *text, long low, long high, int *number_ret)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end || number < low || number > high)
		return false;
	*number_ret = (int)number;
	return true;
}

/* False after a message on stderr. */
static bool take_option(int id, const char *value, struct bpftrace_options *options)
{
	if (id == ID_SPANS || id == ID_HIST) {
		options->spans = true;
		options->hist |= id == ID_HIST;
	} else if (id == 'p' && !read_number(value, 1, 1L << 22, &options->pid)) {
		options_usage_error(&bpftrace_spec, "'%s' is no process id", value);
		return false;
	} else if (id == ID_ARGS &&
		   !read_number(value, 0, BPFTRACE_MAX_ARG, &options->last_arg)) {
		options_usage_error(&bpftrace_spec, "--args %s: must be a number from 0 to %d",
				    value, BPFTRACE_MAX_ARG);
		return false;
	}
	return true;
}

static struct err *print_script(struct target *target, const struct options *opts,
				struct bpftrace_options *options, struct buf *out)
{
	TRY(target_read(target, opts));
	TRY(target_check(target));
	if (target->process)
		options->pid = target->pid;
	TRY(bpftrace_script(out, target, options));
	fwrite(out->data, 1, out->len, stdout);
	return NULL;
}

int cmd_bpftrace(int argc, char **argv)
{
	struct options opts = options_start(&bpftrace_spec, argc, argv);
	struct bpftrace_options options = { .last_arg = BPFTRACE_LAST_ARG };
	struct target target;
	struct buf out = { 0 };
	int id;

	while ((id = options_next(&opts)) > 0)
		if (!take_option(id, opts.value, &options))
			return EXIT_USAGE;
	if (id == OPTIONS_STOP)
		return opts.exit_code;

	struct err *err = print_script(&target, &opts, &options, &out);

	target_free(&target);
	buf_free(&out);
	return cmd_report(err);
}
