/* SPDX-License-Identifier: MIT */
/* `probes stacks`: which stacks probes fire on, weighed by number, time or a value. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "live/stacks.h"

enum { ID_FORMAT = 0x300, ID_VALUE, ID_BY, ID_RATE, ID_WHOLE, ID_ALLOCATIONS, ID_LARGE,
       ID_BLOCKING, ID_LOCKS, ID_CREATORS };

static const struct option_spec stacks_options[] = {
	{ 'o', "output", "OUT", "write a file: .pb.gz pprof, .folded or .txt, .html flame graph" },
	{ ID_FORMAT, "format", "FORMAT", "pprof, folded, html or text [text, or by the suffix]" },
	{ ID_VALUE, "value", "NAME", "weigh stacks by this argument, as in --value size, or by\n"
	  "`duration`, from X_start to X_end [number of events]" },
	{ ID_BY, "by", "NAME", "apart by this argument, or by probe, pid or goid; up to 3" },
	{ 'r', "rows", "COUNT", "stacks that are printed as text; 0 = all [20]" },
	{ ID_ALLOCATIONS, "allocations", NULL, "memory by who allocates it, from the samples of\n"
	  "the heap profile, scaled up to all allocations" },
	{ ID_RATE, "rate", "BYTES", "the program's runtime.MemProfileRate [524288]" },
	{ ID_LARGE, "large-allocations", NULL, "each allocation of more than 32 KiB" },
	{ ID_BLOCKING, "blocking", NULL, "time that goroutines wait, by reason" },
	{ ID_LOCKS, "locks", NULL, "time that goroutines wait for mutexes" },
	{ ID_CREATORS, "creators", NULL, "where goroutines are started, and which" },
	{ ID_WHOLE, "whole", NULL, "with these five, keep what they leave out: the runtime's\n"
	  "frames below the program's, its own goroutines" },
	TRACING_OPTIONS,
	{ 0 },
};

static const struct command_spec stacks_spec = {
	.name = "stacks",
	.operands = "FILE|PID PATTERN... [-- COMMAND [ARGUMENT]...]",
	.about = "Adds up the stacks on which probes fire until Ctrl-C, --duration or the end of\n"
		 "the process, then prints them, those that count most first. Functions, files\n"
		 "and lines come from the program itself, which may be stripped.\n"
		 "PATTERN is provider:name with * and ?; --allocations and the like need none.",
	.options = stacks_options,
	.notes = "Examples:\n"
		 "  probes stacks ./app net_http:client_request_start\n"
		 "  probes stacks ./app --blocking -d 10s -o waits.html\n"
		 "  probes stacks 4242 'database_sql:query_*' --value duration -o sql.pb.gz\n"
		 "  go tool pprof -http : sql.pb.gz\n"
		 "A span has the stack of its end. What still waits when tracing ends is not seen.",
};

static struct err *parse_number(const char *option, const char *text, uint64_t *number_ret)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || errno)
		return err_code(EXIT_USAGE, "%s: '%s' is no number", option, text);
	*number_ret = number;
	return NULL;
}

static struct err *add_by(struct stacks *stacks, const char *name)
{
	if (stacks->nby == PROFILE_LABELS)
		return err_code(EXIT_USAGE, "--by %s: no more than %d", name, PROFILE_LABELS);
	stacks->by[stacks->nby++] = name;
	return NULL;
}

static struct err *take_preset(struct stacks *stacks, enum stacks_preset preset)
{
	if (stacks->preset)
		return err_code(EXIT_USAGE, "only one of --allocations, --large-allocations, "
				"--blocking, --locks and --creators");
	stacks->preset = preset;
	return NULL;
}

static struct err *take_option(struct stacks *stacks, int id, const char *value)
{
	struct err *err = NULL;

	if (tracing_option(&stacks->tracing, id, value, &err))
		return err;
	switch (id) {
	case 'o':
		stacks->out_path = value;
		return NULL;
	case 'r':
		return parse_number("--rows", value, &stacks->most);
	case ID_FORMAT:
		stacks->format_name = value;
		return NULL;
	case ID_VALUE:
		stacks->value = value;
		return NULL;
	case ID_RATE:
		return parse_number("--rate", value, &stacks->rate);
	case ID_BY:
		return add_by(stacks, value);
	case ID_WHOLE:
		stacks->whole = true;
		return NULL;
	default:
		return take_preset(stacks, (enum stacks_preset)(id - ID_ALLOCATIONS + 1));
	}
}

static const struct {
	const char *name, *suffix;
	enum stacks_format format;
} formats[] = {
	{ "pprof", ".pb.gz", STACKS_PPROF },   { "pprof", ".pprof", STACKS_PPROF },
	{ "folded", ".folded", STACKS_FOLDED }, { "folded", ".txt", STACKS_FOLDED },
	{ "html", ".html", STACKS_HTML },      { "text", NULL, STACKS_TEXT },
};

static bool ends_in(const char *text, const char *suffix)
{
	size_t len = strlen(text), end = suffix ? strlen(suffix) : 0;

	return end && len > end && !strcmp(text + len - end, suffix);
}

static struct err *choose_format(struct stacks *stacks)
{
	const char *name = stacks->format_name, *path = stacks->out_path;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (name ? !strcmp(name, formats[i].name) : path ?
		    ends_in(path, formats[i].suffix) : formats[i].format == STACKS_TEXT) {
			stacks->format = formats[i].format;
			if (stacks->format == STACKS_PPROF && !path && isatty(STDOUT_FILENO))
				return err_code(EXIT_USAGE, "a pprof profile is not for a "
						"terminal; -o FILE.pb.gz");
			return NULL;
		}
	if (name)
		return err_code(EXIT_USAGE, "--format: '%s' is none of pprof, folded, html, text",
				name);
	return err_code(EXIT_USAGE, "-o %s: no format has this suffix (.pb.gz, .folded, .txt, "
			".html); say --format", path);
}

/* Before privileges are given up; what the file holds stays until there is something new. */
static struct err *open_output(struct stacks *stacks, int *fd_ret)
{
	*fd_ret = STDOUT_FILENO;
	if (!stacks->out_path)
		return NULL;
	*fd_ret = open(stacks->out_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (*fd_ret < 0)
		return err_sys(errno, "%s: cannot open for writing", stacks->out_path);
	return NULL;
}

static struct err *write_output(const struct stacks *stacks, int fd, const struct buf *out)
{
	const char *path = stacks->out_path ? stacks->out_path : "standard output";

	if (stacks->out_path && ftruncate(fd, 0) && errno != EINVAL) /* EINVAL: a pipe */
		return err_sys(errno, "%s: cannot write", path);
	for (size_t done = 0; done < out->len;) {
		ssize_t n = write(fd, out->data + done, out->len - done);

		if (n < 0 && errno != EINTR)
			return err_sys(errno, "%s: cannot write", path);
		done += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

static struct err *print_profile(struct stacks *stacks, int fd)
{
	struct profile *profile = &stacks->profile;
	struct err *err = NULL;
	struct buf out = { 0 };

	profile_sort(profile);
	switch (stacks->format) {
	case STACKS_PPROF:
		err = profile_put_pprof(&out, profile);
		break;
	case STACKS_FOLDED:
		profile_put_folded(&out, profile);
		break;
	case STACKS_HTML:
		profile_put_flame(&out, profile);
		break;
	case STACKS_TEXT:
		profile_put_text(&out, profile, stacks->most);
		break;
	}
	if (!err)
		err = write_output(stacks, fd, &out);
	if (!err && stacks->out_path)
		fprintf(stderr, "probes: %zu stacks in %s\n", profile->nsamples,
			stacks->out_path);
	buf_free(&out);
	return err;
}

static struct err *run_stacks(struct stacks *stacks, const struct options *opts)
{
	struct err *err;
	int fd;

	TRY(stacks_prepare(stacks, opts));
	TRY(choose_format(stacks));
	TRY(open_output(stacks, &fd));
	err = stacks_collect(stacks);
	if (!err)
		err = print_profile(stacks, fd);
	else if (stacks->out_path && lseek(fd, 0, SEEK_END) == 0)
		unlink(stacks->out_path); /* it was made above */
	if (stacks->out_path)
		close(fd);
	return err;
}

int cmd_stacks(int argc, char **argv)
{
	struct stacks stacks = { .most = 20, .rate = 512 << 10 };
	struct options opts = tracing_options(&stacks.tracing, &stacks_spec, argc, argv);
	struct err *err = NULL;
	int id;

	while (!err && (id = options_next(&opts)) > 0)
		err = take_option(&stacks, id, opts.value);
	if (!err && id == OPTIONS_STOP)
		return opts.exit_code;
	stacks.symboliser = symboliser_new();
	profile_start(&stacks.profile, stacks.symboliser);
	if (!err)
		err = run_stacks(&stacks, &opts);
	profile_free(&stacks.profile);
	symboliser_free(stacks.symboliser);
	return cmd_report(err);
}
