/* SPDX-License-Identifier: MIT */
/* How the libbpf tools load, attach by provider:name, follow their ring, and end. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "bpf-scripts/common_run.h"

#define WAKE_BYTES (4u << 20) /* a quarter of the ring */
#define POLL_MS 100
#define SECOND 1000000000

static volatile sig_atomic_t ended; /* by a signal */
static char complaint[256];         /* libbpf's last one: the reason of what fails next */

const struct settings *run_settings(const struct run *run)
{
	return &run->settings;
}

int run_map(const struct run *run, const char *name)
{
	return bpf_object__find_map_fd_by_name(run->object, name);
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !complaint[0]) {
		vsnprintf(complaint, sizeof(complaint), format, args);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return 0;
}

static struct err *refused(const struct run *run, int errnum, const char *what)
{
	if (errnum == EPERM || errnum == EACCES)
		return err_new("%s: %s: not permitted: run as root, or with CAP_BPF and "
			       "CAP_PERFMON (single uprobes want CAP_SYS_ADMIN since Linux 6.16)",
			       run->shown, what);
	if (complaint[0])
		return err_new("%s: %s: %s", run->shown, what, complaint);
	return err_sys(errnum, "%s: %s", run->shown, what);
}

/* The kernel counts processes from its own first one; people do in their pid namespace. */
static void own_namespace(struct settings *settings)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return;
	settings->pidns_ino = st.st_ino;
	settings->pidns_dev = ((uint64_t)major(st.st_dev) << 20) | minor(st.st_dev);
}

static bool wanted(const struct run *run, const struct front_probe *probe)
{
	return !probe->flag || (run->settings.flags & probe->flag);
}

/* Programs that none of the wanted probes uses stay out of the kernel. */
static void choose_programs(struct run *run)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, run->object) {
		const char *name = bpf_program__name(program);
		bool used = false;

		for (const struct front_probe *p = run->front->probes; p->program; p++)
			used |= wanted(run, p) && !strcmp(p->program, name);
		bpf_program__set_autoload(program, used);
	}
}

static struct err *load(struct run *run)
{
	struct bpf_map *settings;
	const void *elf;
	size_t size;
	int code;

	elf = run->front->elf(&size);
	run->object = bpf_object__open_mem(elf, size, NULL);
	if (!run->object)
		return refused(run, errno, "the BPF program does not open");
	settings = bpf_object__find_map_by_name(run->object, ".rodata.settings");
	code = settings ? bpf_map__set_initial_value(settings, &run->settings,
						     sizeof(run->settings)) : -ENOENT;
	if (code)
		return refused(run, -code, "the BPF program has no settings");
	choose_programs(run);
	code = bpf_object__load(run->object);
	return code ? refused(run, -code, "the BPF program does not load") : NULL;
}

static struct err *lacks(const struct run *run, const struct front_probe *probe)
{
	return err_code(EXIT_NO_MATCH, "%s has no probe %s:%s; inject it (probes inject -p '%s:*' "
			"FILE) and start the program anew", run->shown, probe->provider,
			probe->name, probe->provider);
}

/* Attaches one probe; a file that has no such note leaves its link NULL. */
static struct err *attach_one(struct run *run, size_t index)
{
	LIBBPF_OPTS(bpf_usdt_opts, options);
	const struct front_probe *probe = &run->front->probes[index];
	struct bpf_program *program;
	int code;

	program = bpf_object__find_program_by_name(run->object, probe->program);
	if (!program)
		return err_new("no BPF program %s", probe->program);
	options.usdt_cookie = probe->cookie;
	complaint[0] = 0;
	run->links[index] = bpf_program__attach_usdt(program, run->pid, run->file,
						     probe->provider, probe->name, &options);
	code = run->links[index] ? 0 : errno;
	if (code && code != ENOENT)
		return err_prefix(refused(run, code, "attach"), "%s:%s", probe->provider,
				  probe->name);
	return code && probe->need == NEED ? lacks(run, probe) : NULL;
}

static struct err *attach(struct run *run)
{
	const struct front_probe *probes = run->front->probes, *any = NULL;
	bool got_any = false;

	for (size_t i = 0; probes[i].program && i < PROBES_MAX; i++) {
		if (!wanted(run, &probes[i]))
			continue;
		TRY(attach_one(run, i));
		if (probes[i].need == ANY && !any)
			any = &probes[i];
		got_any |= probes[i].need == ANY && run->links[i];
	}
	return any && !got_any ? lacks(run, any) : NULL;
}

bool run_has(const struct run *run, const char *program)
{
	const struct front_probe *probes = run->front->probes;

	for (size_t i = 0; probes[i].program && i < PROBES_MAX; i++)
		if (run->links[i] && !strcmp(probes[i].program, program))
			return true;
	return false;
}

static int on_event(void *context, void *data, size_t size)
{
	struct run *run = context;

	(void)size;
	run->printed++;
	run->front->print(run, data);
	return 0;
}

struct err *run_open(struct run *run)
{
	libbpf_set_print(keep_complaint);
	run->settings.wake_bytes = WAKE_BYTES;
	run->clock_offset = (int64_t)(now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC));
	own_namespace(&run->settings);
	TRY(load(run));
	if (run->front->print) {
		run->ring = ring_buffer__new(run_map(run, "events"), on_event, run, NULL);
		if (!run->ring)
			return refused(run, errno, "ring buffer");
	}
	return attach(run);
}

void run_close(struct run *run)
{
	for (size_t i = 0; i < PROBES_MAX; i++)
		bpf_link__destroy(run->links[i]);
	ring_buffer__free(run->ring);
	bpf_object__close(run->object);
	symbols_free(run->symbols);
	free(run->file);
}

static void on_signal(int signal)
{
	(void)signal;
	ended = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_DFL); /* the reader of a pipe went away: nothing is left to do */
}

static bool process_gone(const struct run *run)
{
	return run->pid > 0 && kill(run->pid, 0) && errno == ESRCH;
}

static void drain(struct run *run, int timeout_ms)
{
	if (run->ring) {
		ring_buffer__poll(run->ring, timeout_ms);
		ring_buffer__consume(run->ring); /* no wake-up came for what is there */
	} else if (timeout_ms) {
		usleep((useconds_t)timeout_ms * 1000);
	}
	fflush(stdout);
}

static void report(struct run *run)
{
	if (run->front->report)
		run->front->report(run);
	fflush(stdout);
}

static void follow(struct run *run)
{
	uint64_t start = now(CLOCK_MONOTONIC);
	uint64_t end = run->seconds > 0 ? start + (uint64_t)(run->seconds * SECOND) : UINT64_MAX;
	uint64_t step = (uint64_t)(run->interval * SECOND), next = start + step, at;

	do {
		drain(run, POLL_MS);
		at = now(CLOCK_MONOTONIC);
		if (step && at >= next) {
			report(run);
			next += step;
		}
	} while (!ended && at < end && !process_gone(run));
	drain(run, 0);
	if (process_gone(run))
		fprintf(stderr, "process %d has ended\n", run->pid);
	report(run);
}

static uint64_t counter(const struct run *run, __u32 which)
{
	uint64_t value = 0;

	bpf_map_lookup_elem(run_map(run, "counters"), &which, &value);
	return value;
}

/* What a reader must know to trust the output goes to stderr, so that nothing is lost unsaid. */
static void summary(const struct run *run)
{
	uint64_t lost = counter(run, COUNT_LOST), unmatched = counter(run, COUNT_UNMATCHED);
	uint64_t no_room = counter(run, COUNT_NO_ROOM);

	fprintf(stderr, "%llu seen", (unsigned long long)counter(run, COUNT_SEEN));
	if (run->ring)
		fprintf(stderr, ", %llu shown, %llu lost", (unsigned long long)run->printed,
			(unsigned long long)lost);
	if (unmatched)
		fprintf(stderr, ", %llu had begun before", (unsigned long long)unmatched);
	if (no_room)
		fprintf(stderr, ", %llu left out: a table was full", (unsigned long long)no_room);
	fputs("\n", stderr);
}

/*
 * Detaching waits for every processor, 0.1 s a site. A child that shares the file descriptors
 * takes that upon itself: it ends when this process has, and the kernel then tidies up.
 */
static void detach_in_background(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		return;
	if (fork() == 0) {
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		close(ends[1]);
		setsid();
		_exit(read(ends[0], &byte, 1) > 0);
	}
	close(ends[0]); /* the other end stays open until the process ends */
}

int front_main(const struct front *front, int argc, char **argv)
{
	struct run run = { .front = front, .pid = -1, .settings.min_ns = front->min_ns };
	int code = run_arguments(&run, argc, argv);
	struct err *err;

	if (code >= 0) {
		free(run.file);
		return code;
	}
	catch_signals();
	err = run_open(&run);
	if (!err) {
		fprintf(stderr, "%s of %s. Ctrl-C ends.\n", front->watching, run.shown);
		if (front->attached)
			front->attached(&run);
		if (front->columns)
			puts(front->columns);
		follow(&run);
		summary(&run);
		detach_in_background();
	} else {
		fprintf(stderr, "%s: %s\n", front->name, err->message);
		code = (int)err->code;
		err_free(err);
	}
	run_close(&run);
	return code >= 0 ? code : EXIT_DONE;
}
