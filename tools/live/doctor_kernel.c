/* SPDX-License-Identifier: MIT */
/* `probes doctor`: what the kernel can do, tried out. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "live/doctor.h"
#include "tracer/kernel.h"

enum { FULL_RING = 16 << 20 }; /* what a session makes by default */

static void check_version(struct doctor *doctor)
{
	struct utsname names = { 0 };

	uname(&names);
	bool ours = !strcmp(names.machine, "x86_64");

	doctor_add(doctor, "kernel", ours ? DOCTOR_OK : DOCTOR_FAILED, "%s %s on %s",
		   names.sysname, names.release, names.machine);
	if (!ours)
		doctor_effect(doctor, "probes are for x86_64");
}

/* A system call that something keeps from the kernel, or that the kernel has not. */
static void check_call(struct doctor *doctor, const char *name, int outcome,
		       enum doctor_result when_refused)
{
	doctor_add(doctor, name, outcome ? when_refused : DOCTOR_OK, "%s",
		   outcome ? doctor_reason(outcome) : "reaches the kernel");
	if (outcome == ENOSYS)
		doctor_fix(doctor, "a kernel built with it, or allow it in the seccomp profile");
	else if (outcome)
		doctor_fix(doctor, "allow it in the container's seccomp profile (docker: "
			   "--security-opt seccomp=unconfined), or outside containers give "
			   "CAP_BPF");
}

static void check_maps(struct doctor *doctor)
{
	int fd, outcome = kernel_array(&fd);

	if (!outcome)
		close(fd);
	doctor_add(doctor, "maps", outcome ? DOCTOR_FAILED : DOCTOR_OK, "%s",
		   outcome ? doctor_reason(outcome) : "an array was created");
	outcome = kernel_ring((uint32_t)sysconf(_SC_PAGESIZE), &fd);
	if (!outcome)
		close(fd);
	doctor_add(doctor, "ring buffer", outcome ? DOCTOR_FAILED : DOCTOR_OK, "%s",
		   outcome ? doctor_reason(outcome) : "created");
	if (outcome == EINVAL)
		doctor_fix(doctor, "Linux 5.8 or later");
	if (outcome)
		return;
	outcome = kernel_ring(FULL_RING, &fd);
	if (!outcome)
		close(fd);
	doctor_add(doctor, "ring of 16 MiB", outcome ? DOCTOR_LIMITED : DOCTOR_OK, "%s",
		   outcome ? doctor_reason(outcome) : "there is memory for it");
	if (outcome) {
		doctor_effect(doctor, "the memory limit of this cgroup, or of locked memory, is "
			      "too small for the default");
		doctor_fix(doctor, "`ulimit -l unlimited`, a higher memory limit, or --ring 1");
	}
}

static bool check_program(struct doctor *doctor)
{
	int array, program, outcome = kernel_array(&array);

	if (!outcome) {
		outcome = kernel_counter(array, KERNEL_PERF, false, &program);
		close(array);
	}
	if (!outcome)
		close(program);
	doctor_add(doctor, "programs", outcome ? DOCTOR_FAILED : DOCTOR_OK, "%s",
		   outcome ? doctor_reason(outcome) : "a program for uprobes was loaded");
	return !outcome;
}

struct helper {
	int number;
	const char *name, *effect, *fix;
	enum doctor_result when_absent;
};

static const struct helper helpers[] = {
	{ BPF_FUNC_get_attach_cookie, "bpf_get_attach_cookie",
	  "a hit cannot be told from another", "Linux 5.15 or later", DOCTOR_FAILED },
	{ BPF_FUNC_probe_read_user, "bpf_probe_read_user",
	  "arguments cannot be read", "Linux 5.5 or later", DOCTOR_FAILED },
	{ BPF_FUNC_probe_read_kernel, "bpf_probe_read_kernel",
	  "what a start left behind cannot be read: no spans",
	  "Linux 5.5 or later, and no lockdown=confidentiality", DOCTOR_FAILED },
	{ BPF_FUNC_ringbuf_reserve, "bpf_ringbuf_reserve",
	  "events have no way out", "Linux 5.8 or later", DOCTOR_FAILED },
	{ BPF_FUNC_get_stack, "bpf_get_stack", "no stacks", "Linux 4.18 or later", DOCTOR_LIMITED },
	{ BPF_FUNC_get_ns_current_pid_tgid, "bpf_get_ns_current_pid_tgid",
	  "inside a container, process ids are those of the host", "Linux 5.7 or later",
	  DOCTOR_LIMITED },
	{ BPF_FUNC_loop, "bpf_loop", NULL, NULL, DOCTOR_NOTE },
};

enum { NHELPERS = sizeof(helpers) / sizeof(helpers[0]) };

static void check_helpers(struct doctor *doctor)
{
	int there = 0;

	for (int i = 0; i < NHELPERS; i++) {
		const struct helper *helper = &helpers[i];
		bool has = true;
		int outcome = kernel_helper(helper->number, false, &has);

		if (!outcome && has) {
			there++;
			continue;
		}
		doctor_add(doctor, helper->name, helper->when_absent, "%s",
			   outcome ? doctor_reason(outcome) : "not in this kernel");
		if (helper->effect)
			doctor_effect(doctor, "%s", helper->effect);
		if (helper->fix)
			doctor_fix(doctor, "%s", helper->fix);
	}
	doctor_add(doctor, "helpers", DOCTOR_OK, "%d of the %d looked for are there", there,
		   NHELPERS);
}

/* Either way will do; without both there is no tracing. */
static void check_ways(struct doctor *doctor, int multi, int perf)
{
	doctor_add(doctor, "uprobe_multi", !multi ? DOCTOR_OK : perf ? DOCTOR_FAILED :
		   DOCTOR_LIMITED, "%s", multi ? doctor_reason(multi) : "attached, hit, counted");
	if (multi)
		doctor_effect(doctor, "sites are attached one by one, which takes long for many");
	if (multi == EINVAL)
		doctor_fix(doctor, "Linux 6.6 or later");
	doctor_add(doctor, "perf uprobes", !perf ? DOCTOR_OK : multi ? DOCTOR_FAILED :
		   DOCTOR_NOTE, "%s", perf ? doctor_reason(perf) : "attached, hit, counted");
	if (perf == ENODEV)
		doctor_fix(doctor, "a kernel with CONFIG_UPROBE_EVENTS, and /sys mounted");
	else if (perf == EACCES || perf == EPERM)
		doctor_effect(doctor, "kernels from 6.16 on want CAP_SYS_ADMIN for these%s",
			      multi ? "" : "; uprobe_multi does without");
}

static void check_sleepable(struct doctor *doctor, enum kernel_way way)
{
	int outcome = kernel_try(way, true, KERNEL_NOP1);

	doctor_add(doctor, "sleepable uprobes", outcome ? DOCTOR_NOTE : DOCTOR_OK, "%s",
		   outcome ? doctor_reason(outcome) : "attached, hit, counted");
	if (outcome)
		doctor_effect(doctor, "a string in a page that was never touched shows as unread "
			      "(Linux 6.0 reads it)");
}

/* What a hit costs by kind of site; those of `probes inject` begin with a 1-byte nop. */
static void check_cost(struct doctor *doctor, enum kernel_way way)
{
	static const char *const names[] = { "1-byte nop", "5-byte nop", "10-byte nop" };
	struct buf text = { 0 };
	bool any = false;

	for (int site = 0; site < KERNEL_NSITES; site++) {
		struct kernel_hit hit;
		int outcome = kernel_measure(way, (enum kernel_site)site, &hit);

		buf_printf(&text, "%s%s ", site ? ", " : "", names[site]);
		if (outcome)
			buf_printf(&text, "refused");
		else
			buf_printf(&text, "%s (%u ns a hit)", hit.optimised ? "call" : "trap",
				   hit.ns);
		any |= !outcome && hit.optimised;
	}
	buf_u8(&text, 0);
	doctor_add(doctor, "uprobe optimisation", any ? DOCTOR_OK : DOCTOR_NOTE, "%s",
		   (char *)text.data);
	if (!any)
		doctor_effect(doctor, "each hit of a probe is a trap, as on all kernels before "
			      "6.18");
	buf_free(&text);
}

static void check_attaching(struct doctor *doctor)
{
	int multi = kernel_try(KERNEL_MULTI, false, KERNEL_NOP1);
	int perf = kernel_try(KERNEL_PERF, false, KERNEL_NOP1);
	enum kernel_way way = multi ? KERNEL_PERF : KERNEL_MULTI;

	check_ways(doctor, multi, perf);
	if (multi && perf)
		return;
	check_sleepable(doctor, way);
	check_cost(doctor, way);
}

static void check_btf(struct doctor *doctor)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";
	int outcome = access(path, R_OK) ? errno : 0;

	doctor_add(doctor, "BTF", outcome ? DOCTOR_NOTE : DOCTOR_OK, "%s: %s", path,
		   outcome ? doctor_reason(outcome) : "readable");
	if (outcome)
		doctor_effect(doctor, "`probes trace` does without; other CO-RE tools may not");
}

static void check_jit(struct doctor *doctor)
{
	char *value = doctor_read_line("/proc/sys/net/core/bpf_jit_enable");

	if (value && !strcmp(value, "0")) {
		doctor_add(doctor, "BPF JIT", DOCTOR_LIMITED, "off");
		doctor_effect(doctor, "each hit costs several times as much");
		doctor_fix(doctor, "sysctl net.core.bpf_jit_enable=1");
	}
	free(value);
}

void doctor_kernel(struct doctor *doctor)
{
	int perf = kernel_reach_perf();

	doctor->section = "kernel";
	check_version(doctor);
	check_call(doctor, "bpf(2)", kernel_reach_bpf(), DOCTOR_FAILED);
	check_call(doctor, "perf_event_open(2)", perf, DOCTOR_LIMITED);
	check_maps(doctor);
	if (check_program(doctor)) {
		check_helpers(doctor);
		check_attaching(doctor);
	}
	check_btf(doctor);
	check_jit(doctor);
}
