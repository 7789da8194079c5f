/* SPDX-License-Identifier: MIT */
/* What the kernel lets this process do, found out by doing it. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/kernel.h"

/* Numbers that a linux/bpf.h before Linux 6.6 does not have. */
enum { TRACE_UPROBE_MULTI = 48, TRACE_PERF_EVENT = 41 };

/* bpf_attr of BPF_LINK_CREATE, as Linux 6.6 has it. */
struct link_attr {
	uint32_t program, target, attach_type, flags;
	union {
		uint64_t perf_cookie;
		struct {
			uint64_t path, offsets, semaphores, cookies;
			uint32_t count, multi_flags, pid, unused;
		};
	};
};

/* One of each nop on which a probe can stand, none across a page's end. */
__asm__(".pushsection .text\n"
	".p2align 4\nkernel_site_nop1: nop\n ret\n"
#ifdef __x86_64__
	".p2align 4\nkernel_site_nop5: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n ret\n"
	".p2align 4\nkernel_site_nop10: .byte 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0\n ret\n"
#else
	"kernel_site_nop5: nop\n ret\nkernel_site_nop10: nop\n ret\n"
#endif
	".popsection\n");
void kernel_site_nop1(void);
void kernel_site_nop5(void);
void kernel_site_nop10(void);

typedef void site_fn(void);
static site_fn *const sites[KERNEL_NSITES] = {
	kernel_site_nop1, kernel_site_nop5, kernel_site_nop10,
};

/* The file descriptor that a call has given, or why it has not. */
static int outcome_of(long result, int *fd_ret)
{
	if (result < 0)
		return errno;
	*fd_ret = (int)result;
	return 0;
}

static long bpf(int command, const void *attr, size_t size)
{
	return syscall(SYS_bpf, command, attr, size);
}

static long perf_event_open(const struct perf_event_attr *attr, int pid, int cpu)
{
	return syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int kernel_reach_bpf(void)
{
	return bpf(BPF_MAP_CREATE, NULL, 1 << 20) < 0 && errno != E2BIG ? errno : 0;
}

int kernel_reach_perf(void)
{
	return perf_event_open(NULL, 0, -1) < 0 && errno != EFAULT ? errno : 0;
}

static int create_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries,
		      int *fd_ret)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = entries };

	return outcome_of(bpf(BPF_MAP_CREATE, &attr, sizeof(attr)), fd_ret);
}

int kernel_array(int *fd_ret)
{
	return create_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint64_t), 1, fd_ret);
}

int kernel_ring(uint32_t bytes, int *fd_ret)
{
	return create_map(BPF_MAP_TYPE_RINGBUF, 0, 0, bytes, fd_ret);
}

static int load(const struct bpf_insn *insns, size_t n, uint32_t attach_type, bool sleepable,
		char *log, size_t log_size, int *fd_ret)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_KPROBE };

	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uintptr_t)"GPL";
	attr.prog_flags = sleepable ? BPF_F_SLEEPABLE : 0;
	attr.expected_attach_type = attach_type;
	attr.log_level = log ? 1 : 0;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = (uint32_t)log_size;
	return outcome_of(bpf(BPF_PROG_LOAD, &attr, sizeof(attr)), fd_ret);
}

/* The verifier looks whether it knows the helper before it looks at the arguments. */
int kernel_helper(int helper, bool sleepable, bool *there_ret)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[2048] = "";
	int fd, outcome = load(insns, 3, 0, sleepable, log, sizeof(log), &fd);

	if (!outcome)
		close(fd);
	else if (!*log)
		return outcome;
	*there_ret = !strstr(log, "unknown func") && !strstr(log, "invalid func") &&
		     !strstr(log, "cannot use helper") && !strstr(log, "call is not allowed");
	return 0;
}

int kernel_counter(int array, enum kernel_way way, bool sleepable, int *fd_ret)
{
	const struct bpf_insn insns[] = {
		/* key = 0, on the stack */
		{ .code = BPF_ST | BPF_W | BPF_MEM, .dst_reg = BPF_REG_10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = array },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		/* if it is there, add 1 */
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(insns, sizeof(insns) / sizeof(insns[0]),
		    way == KERNEL_MULTI ? TRACE_UPROBE_MULTI : 0, sleepable, NULL, 0, fd_ret);
}

int kernel_count(int array, uint64_t *count_ret)
{
	uint32_t key = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)array };

	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)count_ret;
	return bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) ? errno : 0;
}

static int attach_multi(int program, const char *path, uint64_t offset, int pid,
			uint64_t cookie, int *fd_ret)
{
	struct link_attr attr = {
		.program = (uint32_t)program, .attach_type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t)path, .offsets = (uintptr_t)&offset,
		.cookies = (uintptr_t)&cookie, .count = 1, .pid = (uint32_t)pid,
	};

	return outcome_of(bpf(BPF_LINK_CREATE, &attr, sizeof(attr)), fd_ret);
}

/* Number of the kernel's perf_event source for uprobes, or -1. */
static int uprobe_source(void)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = -1;

	if (file && fscanf(file, "%d", &type) != 1)
		type = -1;
	if (file)
		fclose(file);
	return type;
}

/* Before Linux 5.15 there are no such links; the event itself holds the program then. */
static int link_event(int event, int program, uint64_t cookie, int *fd_ret)
{
	struct link_attr attr = { .program = (uint32_t)program, .target = (uint32_t)event,
				  .attach_type = TRACE_PERF_EVENT, .perf_cookie = cookie };
	int outcome = outcome_of(bpf(BPF_LINK_CREATE, &attr, sizeof(attr)), fd_ret);

	if (outcome == EINVAL && !ioctl(event, PERF_EVENT_IOC_SET_BPF, program) &&
	    !ioctl(event, PERF_EVENT_IOC_ENABLE, 0)) {
		*fd_ret = event;
		return 0;
	}
	close(event);
	return outcome;
}

static int attach_perf(int program, const char *path, uint64_t offset, int pid,
		       uint64_t cookie, int *fd_ret)
{
	int type = uprobe_source(), event = -1;
	struct perf_event_attr attr = { .size = sizeof(attr), .sample_period = 1 };

	if (type < 0)
		return ENODEV;
	attr.type = (uint32_t)type;
	attr.config1 = (uintptr_t)path;
	attr.config2 = offset;
	int outcome = outcome_of(perf_event_open(&attr, pid ? pid : -1, pid ? -1 : 0), &event);

	return outcome ? outcome : link_event(event, program, cookie, fd_ret);
}

int kernel_attach(enum kernel_way way, int program, const char *path, uint64_t offset, int pid,
		  uint64_t cookie, int *fd_ret)
{
	if (way == KERNEL_MULTI)
		return attach_multi(program, path, offset, pid, cookie, fd_ret);
	return attach_perf(program, path, offset, pid, cookie, fd_ret);
}

void kernel_hit(enum kernel_site site)
{
	sites[site]();
}

uint64_t kernel_site_offset(enum kernel_site site)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end, offset, at = (uintptr_t)sites[site];
	uint64_t found = 0;
	char line[512];

	while (maps && !found && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    at >= start && at < end)
			found = at - start + offset;
	if (maps)
		fclose(maps);
	return found;
}

/* An array and a program that counts in it, attached to a site of this program. */
struct trial {
	int array, program, link;
};

static void trial_end(struct trial *trial)
{
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? trial->link : i == 1 ? trial->program : trial->array;

		if (fd >= 0)
			close(fd);
	}
}

static int trial_start(struct trial *trial, enum kernel_way way, bool sleepable,
		       enum kernel_site site)
{
	*trial = (struct trial){ -1, -1, -1 };
	int outcome = kernel_array(&trial->array);

	if (!outcome)
		outcome = kernel_counter(trial->array, way, sleepable, &trial->program);
	if (!outcome)
		outcome = kernel_attach(way, trial->program, "/proc/self/exe",
					kernel_site_offset(site), 0, 1, &trial->link);
	if (outcome)
		trial_end(trial);
	return outcome;
}

int kernel_try(enum kernel_way way, bool sleepable, enum kernel_site site)
{
	struct trial trial;
	uint64_t count = 0;
	int outcome = trial_start(&trial, way, sleepable, site);

	if (outcome)
		return outcome;
	kernel_hit(site);
	outcome = kernel_count(trial.array, &count);
	if (!outcome && !count)
		outcome = ENODATA;
	trial_end(&trial);
	return outcome;
}

/* Whether the kernel has mapped its trampoline for uprobes into this process. */
static bool has_trampoline(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "[uprobes-trampoline]");
	if (maps)
		fclose(maps);
	return found;
}

/* A new process has no trampoline yet. The first hits of a site are other than the rest. */
static void measure_hits(enum kernel_site site, struct kernel_hit *hit)
{
	struct timespec start, end;

	for (int i = 0; i < 100; i++)
		kernel_hit(site);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 1000; i++)
		kernel_hit(site);
	clock_gettime(CLOCK_MONOTONIC, &end);
	hit->ns = (unsigned)(((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec -
			      start.tv_nsec) / 1000);
	hit->optimised = has_trampoline();
}

static int measure_child(enum kernel_site site, struct kernel_hit *hit_ret)
{
	struct kernel_hit *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = -1;

	if (shared == MAP_FAILED)
		return errno;
	pid_t child = fork();

	if (!child) {
		measure_hits(site, shared);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		status = child < 0 ? errno : ECHILD;
	*hit_ret = *shared;
	munmap(shared, sizeof(*shared));
	return status;
}

int kernel_measure(enum kernel_way way, enum kernel_site site, struct kernel_hit *hit_ret)
{
	struct trial trial;
	int outcome = trial_start(&trial, way, false, site);

	if (outcome)
		return outcome;
	outcome = measure_child(site, hit_ret);
	trial_end(&trial);
	return outcome;
}
