/* SPDX-License-Identifier: MIT */
/* `probes doctor`: what this process may do. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/doctor.h"
#include "tracer/kernel.h"
#include "tracer/privileges.h"

/* How to get a capability for good. */
static void fix_by_file(struct doctor *doctor)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len > 0 ? len : 0] = '\0';
	doctor_fix(doctor, "sudo, or once: sudo setcap cap_bpf,cap_perfmon=ep %s", path);
}

static void check_needed(struct doctor *doctor, int capability, const char *name)
{
	if (privileges_has(capability)) {
		doctor_add(doctor, name, DOCTOR_OK, "held");
	} else if (privileges_covers(capability)) {
		doctor_add(doctor, name, DOCTOR_OK, "CAP_SYS_ADMIN stands for it");
	} else if (!privileges_known(capability)) {
		doctor_add(doctor, name, DOCTOR_FAILED, "not in this kernel");
		doctor_fix(doctor, "CAP_SYS_ADMIN, which stands for it before Linux 5.8: sudo");
	} else {
		doctor_add(doctor, name, DOCTOR_FAILED, "missing (user %u)", getuid());
		fix_by_file(doctor);
	}
}

static void check_useful(struct doctor *doctor, int capability, const char *name,
			 enum doctor_result when_missing, const char *effect)
{
	bool held = privileges_has(capability);

	doctor_add(doctor, name, held ? DOCTOR_OK : when_missing, "%s", held ? "held" : "missing");
	if (!held)
		doctor_effect(doctor, "%s", effect);
}

static void check_capabilities(struct doctor *doctor)
{
	check_needed(doctor, CAP_BPF, "CAP_BPF");
	check_needed(doctor, CAP_PERFMON, "CAP_PERFMON");
	check_useful(doctor, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", DOCTOR_NOTE,
		     "needed only where uprobe_multi is missing");
	check_useful(doctor, CAP_SYS_PTRACE, "CAP_SYS_PTRACE", DOCTOR_LIMITED,
		     "processes of other users cannot be named by PID, and their stacks have no "
		     "names of functions in libraries");
	check_useful(doctor, CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", DOCTOR_NOTE,
		     "needed only before Linux 5.11, to raise the limit of locked memory");
}

static void check_memlock(struct doctor *doctor)
{
	struct rlimit limit = { 0, 0 };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		doctor_add(doctor, "RLIMIT_MEMLOCK", DOCTOR_OK, "unlimited");
	else
		doctor_add(doctor, "RLIMIT_MEMLOCK", DOCTOR_OK, "%llu kB; limits maps only before "
			   "Linux 5.11", (unsigned long long)limit.rlim_cur / 1024);
}

static void check_namespaces(struct doctor *doctor)
{
	bool user = privileges_first_namespace("user"), pid = privileges_first_namespace("pid");
	char *cgroup = doctor_read_line("/proc/self/cgroup");

	doctor_add(doctor, "user namespace", user ? DOCTOR_OK : DOCTOR_FAILED, "%s",
		   user ? "the first" : "a further one (rootless container)");
	if (!user) {
		doctor_effect(doctor, "its capabilities do not reach the kernel");
		doctor_fix(doctor, "run outside, as root of the host");
	}
	doctor_add(doctor, "PID namespace", pid ? DOCTOR_OK : DOCTOR_LIMITED, "%s",
		   pid ? "the first" : "a further one (container)");
	if (!pid) {
		doctor_effect(doctor, "only processes of this container can be named by PID");
		doctor_fix(doctor, "--pid=host (docker), hostPID: true (Kubernetes)");
	}
	if (cgroup)
		doctor_add(doctor, "cgroup", DOCTOR_OK, "%s", cgroup);
	free(cgroup);
}

static void check_seccomp(struct doctor *doctor)
{
	long mode = privileges_status("Seccomp"), sealed = privileges_status("NoNewPrivs");

	doctor_add(doctor, "seccomp", mode > 0 ? DOCTOR_NOTE : DOCTOR_OK, "%s",
		   mode == 2 ? "a filter is on" : mode > 0 ? "strict" : "off");
	if (mode == 2)
		doctor_effect(doctor, "it decides over bpf(2) and perf_event_open(2), above");
	if (sealed > 0) {
		doctor_add(doctor, "no_new_privs", DOCTOR_NOTE, "set");
		doctor_effect(doctor, "neither sudo nor setcap helps from here");
	}
}

static void check_lockdown(struct doctor *doctor)
{
	char *modes = doctor_read_line("/sys/kernel/security/lockdown");

	if (!modes) {
		doctor_add(doctor, "lockdown", DOCTOR_OK,
			   "none (no /sys/kernel/security/lockdown)");
		return;
	}
	bool strict = strstr(modes, "[confidentiality]");

	doctor_add(doctor, "lockdown", strict ? DOCTOR_LIMITED : DOCTOR_OK, "%s", modes);
	if (strict) {
		doctor_effect(doctor, "programs cannot read the kernel's memory");
		doctor_fix(doctor, "boot with lockdown=integrity");
	}
	free(modes);
}

static void check_settings(struct doctor *doctor)
{
	char *bpf = doctor_read_line("/proc/sys/kernel/unprivileged_bpf_disabled");
	char *perf = doctor_read_line("/proc/sys/kernel/perf_event_paranoid");

	if (bpf) {
		doctor_add(doctor, "unprivileged_bpf_disabled", DOCTOR_OK, "%s", bpf);
		doctor_effect(doctor, "%s", strcmp(bpf, "0") ?
			      "users without CAP_BPF get nothing from bpf(2), as is usual" :
			      "users without CAP_BPF may create maps; tracing takes more anyway");
	}
	if (perf) {
		doctor_add(doctor, "perf_event_paranoid", DOCTOR_OK, "%s", perf);
		doctor_effect(doctor, "stands before perf uprobes without CAP_PERFMON; "
			      "uprobe_multi does not ask it");
	}
	free(bpf);
	free(perf);
}

/* In a child, because there is no way back: whether an open map can be read afterwards. */
static void check_dropping(struct doctor *doctor)
{
	int array, status = -1;

	if (kernel_array(&array))
		return;
	pid_t child = fork();

	if (!child) {
		uint64_t count;
		struct err *err = privileges_drop(false);

		_exit(err ? 255 : kernel_count(array, &count));
	}
	close(array);
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return;
	int outcome = WEXITSTATUS(status);

	doctor_add(doctor, "giving privileges up", !outcome ? DOCTOR_OK :
		   outcome == 255 ? DOCTOR_FAILED : DOCTOR_LIMITED, "%s", !outcome ?
		   "works; open maps stay readable" : outcome == 255 ? "is refused" :
		   "works, but open maps cannot be read then");
	if (outcome && outcome != 255)
		doctor_fix(doctor, "Linux 5.19 or later, or sysctl "
			   "kernel.unprivileged_bpf_disabled=0");
}

static void check_proc(struct doctor *doctor)
{
	if (!access("/proc/1/stat", R_OK))
		return;
	doctor_add(doctor, "/proc", DOCTOR_LIMITED, "other users' processes are hidden (hidepid)");
	doctor_effect(doctor, "they cannot be named by PID");
}

void doctor_permissions(struct doctor *doctor)
{
	doctor->section = "permissions";
	check_capabilities(doctor);
	check_memlock(doctor);
	check_namespaces(doctor);
	check_seccomp(doctor);
	check_lockdown(doctor);
	check_settings(doctor);
	check_dropping(doctor);
	check_proc(doctor);
}
