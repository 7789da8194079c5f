/* SPDX-License-Identifier: MIT */
/*
 * Runs a program, attaches to all the USDT probes that a plan names, and writes one line
 * per event. Usage: capture [--usdt] BPF_OBJECT PLAN EVENTS PROGRAM [ARG]...
 *
 * The program prints a line when it is ready and waits for a line on its standard input.
 * With --usdt libbpf finds the sites in the file's notes by itself; without, the plan's
 * sites are attached by one link (Linux 6.6), which is much quicker to take away again.
 *
 * Plan lines:
 *   usdt PROVIDER NAME NWORDS [WORD_OF_A_POINTER]...   the length is in the word after it
 *   site FILE_OFFSET [OPERAND]...                      of the probe in the last usdt line
 *   uprobe FILE_OFFSET NAME                            a plain uprobe, counted only
 * Output lines:
 *   PROVIDER:NAME WORD... [/ TEXT]...   all in hexadecimal; a text is "-" when empty
 *   count NAME N                        of a plain uprobe
 *   status N                            how the program ended, when not with 0
 *   unread WORDS TEXTS                  bits of what could not be read in the next event
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event.h"
#include "multi.h"

struct target {
	bool naive;
	char provider[64], name[128];
	size_t offset;
	struct probe_shape shape;
};

struct capture {
	struct bpf_object *object;
	struct bpf_program *hit, *naive;
	struct target targets[MAX_PROBES];
	unsigned int ntargets;
	struct sites sites;
	bool usdt;
	int shapes, counts;
	struct ring_buffer *ring;
	FILE *out;
};

static int quiet(enum libbpf_print_level level, const char *format, va_list values)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, values) : 0;
}

static bool parse_line(char *line, struct target *t)
{
	int used = 0, more;
	unsigned int at;

	if (sscanf(line, "uprobe %zx %127s", &t->offset, t->name) == 2) {
		t->naive = true;
		return true;
	}
	if (sscanf(line, "usdt %63s %127s %u%n", t->provider, t->name, &t->shape.nwords,
		   &used) != 3 || t->shape.nwords > MAX_WORDS)
		return false;
	for (line += used; sscanf(line, " %u%n", &at, &more) == 1; line += more) {
		if (t->shape.ntexts == MAX_TEXTS || at >= MAX_WORDS - 1)
			return false;
		t->shape.text_at[t->shape.ntexts++] = (unsigned char)at;
	}
	return true;
}

static bool plan_line(struct capture *c, char *line)
{
	unsigned long long offset;
	int used = 0;

	if (sscanf(line, "site %lli%n", (long long *)&offset, &used) == 1)
		return c->ntargets > 0 &&
		       sites_add(&c->sites, c->ntargets - 1, offset, line + used);
	return c->ntargets < MAX_PROBES && parse_line(line, &c->targets[c->ntargets++]);
}

static bool read_plan(struct capture *c, const char *path)
{
	FILE *in = fopen(path, "r");
	char line[1024], text[1024];
	bool good = in != NULL;

	while (good && fgets(line, sizeof(line), in)) {
		strcpy(text, line);
		good = plan_line(c, text);
	}
	if (!good)
		fprintf(stderr, "capture: %s: %s\n", path, in ? line : strerror(errno));
	if (in)
		fclose(in);
	return good;
}

static void put_text(FILE *out, const char *text, unsigned long long len, bool failed)
{
	fputs(" / ", out);
	if (failed || (long long)len <= 0) {
		fputc('-', out);
		return;
	}
	for (unsigned long long i = 0; i < len && i < TEXT_BYTES; i++)
		fprintf(out, "%02x", (unsigned char)text[i]);
}

static int on_event(void *context, void *data, size_t size)
{
	struct capture *c = context;
	const struct event *e = data;
	const struct text_event *t = data;
	const struct target *target = &c->targets[e->probe];

	if (e->failed_words || e->failed_texts)
		fprintf(c->out, "unread %x %x\n", e->failed_words, e->failed_texts);
	fprintf(c->out, "%s:%s", target->provider, target->name);
	for (unsigned int i = 0; i < e->nwords; i++)
		fprintf(c->out, " %llx", e->words[i]);
	for (unsigned int i = 0; i < e->ntexts && size >= sizeof(*t); i++)
		put_text(c->out, t->texts[i], e->words[target->shape.text_at[i] + 1],
			 e->failed_texts & 1u << i);
	fputc('\n', c->out);
	return 0;
}

static bool load(struct capture *c, const char *object)
{
	c->object = bpf_object__open_file(object, NULL);
	if (!c->object)
		return false;
	c->hit = bpf_object__find_program_by_name(c->object, "probe_hit");
	c->naive = bpf_object__find_program_by_name(c->object, "naive_hit");
	/* Sleepable, so that strings on pages not yet in memory can be read. */
	bpf_program__set_flags(c->hit, BPF_F_SLEEPABLE);
	if (!c->usdt) {
		bpf_program__set_expected_attach_type(c->hit, ATTACH_UPROBE_MULTI);
		bpf_program__set_expected_attach_type(c->naive, ATTACH_UPROBE_MULTI);
	}
	if (bpf_object__load(c->object))
		return false;
	c->shapes = bpf_object__find_map_fd_by_name(c->object, "shapes");
	c->counts = bpf_object__find_map_fd_by_name(c->object, "counts");
	c->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(c->object, "events"),
				   on_event, c, NULL);
	return c->ring != NULL;
}

static bool attach_usdt(struct capture *c, const char *path)
{
	for (unsigned int i = 0; i < c->ntargets; i++) {
		LIBBPF_OPTS(bpf_usdt_opts, how, .usdt_cookie = i);
		struct target *t = &c->targets[i];

		if (!t->naive && !bpf_program__attach_usdt(c->hit, -1, path, t->provider,
							   t->name, &how)) {
			fprintf(stderr, "%s:%s: ", t->provider, t->name);
			return false;
		}
	}
	return true;
}

static bool attach_naive(struct capture *c, const char *path)
{
	uint64_t offsets[MAX_PROBES], cookies[MAX_PROBES];
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->ntargets; i++) {
		LIBBPF_OPTS(bpf_uprobe_opts, how, .bpf_cookie = i);

		if (!c->targets[i].naive)
			continue;
		if (c->usdt && !bpf_program__attach_uprobe_opts(c->naive, -1, path,
								c->targets[i].offset, &how))
			return false;
		if (!c->usdt) {
			offsets[n] = c->targets[i].offset;
			cookies[n++] = i;
		}
	}
	return n == 0 ||
	       uprobes_attach(offsets, cookies, n, bpf_program__fd(c->naive), path) >= 0;
}

static bool attach(struct capture *c, const char *path)
{
	int map = bpf_object__find_map_fd_by_name(c->object, "__bpf_usdt_specs");
	bool good = true;

	for (unsigned int i = 0; i < c->ntargets; i++)
		if (bpf_map_update_elem(c->shapes, &i, &c->targets[i].shape, BPF_ANY))
			return false;
	if (c->usdt)
		good = attach_usdt(c, path);
	else if (c->sites.n)
		good = sites_attach(&c->sites, map, bpf_program__fd(c->hit), path) >= 0;
	good = good && attach_naive(c, path);
	if (!good)
		fprintf(stderr, "capture: attaching to %s: %s\n", path, strerror(errno));
	return good;
}

/* Starts the program with pipes at its standard input and output. */
static pid_t start(char **argv, int *to_ret, FILE **from_ret)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[0]);
		close(to[1]);
		close(from[0]);
		close(from[1]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*to_ret = to[1];
	*from_ret = fdopen(from[0], "r");
	return *from_ret ? pid : -1;
}

/* Takes events until the program has ended and the buffer is empty. */
static bool drain(struct capture *c, pid_t pid, int *status_ret)
{
	bool over = false;

	for (;;) {
		int n = ring_buffer__consume(c->ring);

		if (n < 0)
			return false;
		if (n == 0 && over)
			return true;
		if (!over)
			over = waitpid(pid, status_ret, WNOHANG) == pid;
		if (!over && n == 0)
			usleep(2000);
	}
}

static bool report(struct capture *c)
{
	unsigned int slot = MAX_PROBES;
	unsigned long long n = 0;

	if (bpf_map_lookup_elem(c->counts, &slot, &n) || n > 0) {
		fprintf(stderr, "capture: lost %llu events\n", n);
		return false;
	}
	for (slot = 0; slot < c->ntargets; slot++) {
		if (!c->targets[slot].naive)
			continue;
		if (bpf_map_lookup_elem(c->counts, &slot, &n))
			return false;
		fprintf(c->out, "count %s %llu\n", c->targets[slot].name, n);
	}
	return true;
}

static bool run(struct capture *c, char **argv)
{
	char line[256];
	int to, status = 0;
	FILE *from;
	pid_t pid = start(argv, &to, &from);

	if (pid < 0 || !fgets(line, sizeof(line), from)) {
		fprintf(stderr, "capture: %s did not get ready\n", argv[0]);
		return false;
	}
	bool good = attach(c, argv[0]);

	if (good && write(to, "\n", 1) != 1)
		good = false;
	close(to);
	if (!drain(c, pid, &status))
		good = false;
	fclose(from);
	if (WIFSIGNALED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "capture: %s: wait status %#x\n", argv[0], (unsigned int)status);
		fprintf(c->out, "status %#x\n", (unsigned int)status);
	}
	return report(c) && good;
}

int main(int argc, char **argv)
{
	struct capture *c = calloc(1, sizeof(*c));
	bool good;

	if (c && argc > 1 && strcmp(argv[1], "--usdt") == 0) {
		c->usdt = true;
		argv++, argc--;
	}
	if (!c || argc < 5) {
		fputs("usage: capture [--usdt] BPF_OBJECT PLAN EVENTS PROGRAM [ARG]...\n",
		      stderr);
		return 2;
	}
	libbpf_set_print(quiet);
	c->out = fopen(argv[3], "w");
	good = c->out && read_plan(c, argv[2]) && load(c, argv[1]) && run(c, argv + 4);
	if (c->out && fclose(c->out))
		good = false;
	return good ? 0 : 1;
}
