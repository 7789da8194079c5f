/* SPDX-License-Identifier: MIT */
/* What tracing needs and this process may lack, and giving it up. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tracer/kernel.h"
#include "tracer/privileges.h"

bool privileges_has(int capability)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (caps && cap_get_flag(caps, capability, CAP_EFFECTIVE, &value))
		value = CAP_CLEAR;
	cap_free(caps);
	return value == CAP_SET;
}

bool privileges_covers(int capability)
{
	return privileges_has(CAP_SYS_ADMIN) || privileges_has(capability);
}

bool privileges_known(int capability)
{
	return prctl(PR_CAPBSET_READ, (unsigned long)capability, 0, 0, 0) >= 0;
}

bool privileges_first_namespace(const char *kind)
{
	/* include/linux/proc_ns.h: PROC_USER_INIT_INO, PROC_PID_INIT_INO */
	ino_t first = !strcmp(kind, "user") ? 0xEFFFFFFDU : 0xEFFFFFFCU;
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return stat(path, &st) || st.st_ino == first;
}

long privileges_status(const char *field)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t len = strlen(field);
	char line[256];
	long found = -1;

	while (file && found < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, len) && line[len] == ':')
			found = strtol(line + len + 1, NULL, 10);
	if (file)
		fclose(file);
	return found;
}

/* The file to give capabilities to. */
static const char *own_file(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);

	path[len > 0 ? len : 0] = '\0';
	return len > 0 ? path : "probes";
}

static struct err *check_capabilities(void)
{
	bool bpf = privileges_covers(CAP_BPF), perfmon = privileges_covers(CAP_PERFMON);
	char path[PATH_MAX];

	if (bpf && perfmon)
		return NULL;
	if (!privileges_known(CAP_PERFMON))
		return err_new("no permission to trace: before Linux 5.8 that takes "
			       "CAP_SYS_ADMIN, which user %u lacks; use sudo", getuid());
	return err_new("no permission to trace: %s%s%s %s missing (user %u); use sudo, or once: "
		       "sudo setcap cap_bpf,cap_perfmon=ep %s", bpf ? "" : "CAP_BPF",
		       bpf || perfmon ? "" : " and ", perfmon ? "" : "CAP_PERFMON",
		       bpf || perfmon ? "is" : "are", getuid(), own_file(path, sizeof(path)));
}

static struct err *check_user_namespace(void)
{
	if (privileges_first_namespace("user"))
		return NULL;
	return err_new("no permission to trace: this process is in a user namespace (a rootless "
		       "container), where CAP_BPF and CAP_PERFMON do not reach the kernel; run "
		       "it outside, as the host's root");
}

/* What stands between a process with all capabilities and a call that is refused. */
static struct err *refused_call(const char *call, int outcome)
{
	if (outcome == ENOSYS && privileges_status("Seccomp") != 2)
		return err_new("no permission to trace: this kernel has no %s", call);
	if (privileges_status("Seccomp") == 2)
		return err_new("no permission to trace: a seccomp filter refuses %s (%s); allow "
			       "bpf and perf_event_open in the container's profile (docker: "
			       "--security-opt seccomp=unconfined)", call, strerror(outcome));
	return err_sys(outcome, "no permission to trace: %s is refused although the capabilities "
		       "are there; a security module (SELinux, AppArmor) may forbid it, see "
		       "`dmesg`", call);
}

/* Before Linux 5.11 maps count as locked memory. */
static struct err *refused_map(int outcome)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < 64 << 20)
		return err_new("no permission to trace: only %llu kB of memory may be locked, "
			       "which maps need before Linux 5.11; `ulimit -l unlimited` first",
			       (unsigned long long)limit.rlim_cur / 1024);
	return refused_call("creating a map by bpf(2)", outcome);
}

static struct err *check_bpf(void)
{
	int array, ring, program, outcome = kernel_reach_bpf();

	if (outcome)
		return refused_call("bpf(2)", outcome);
	outcome = kernel_array(&array);
	if (outcome)
		return refused_map(outcome);
	outcome = kernel_counter(array, KERNEL_PERF, false, &program);
	close(array);
	if (outcome)
		return refused_call("loading a program by bpf(2)", outcome);
	close(program);
	outcome = kernel_ring((uint32_t)sysconf(_SC_PAGESIZE), &ring);
	if (outcome)
		return refused_map(outcome);
	close(ring);
	return NULL;
}

/*
 * Links for many probes need no more. For single uprobes CAP_PERFMON was enough from Linux 5.8
 * to 6.15; since then, and in stable kernels of that time, they take CAP_SYS_ADMIN (ba677dbe77af
 * "perf: Revert to requiring CAP_SYS_ADMIN for uprobes").
 */
static struct err *check_attach(void)
{
	int outcome = kernel_try(KERNEL_MULTI, false, KERNEL_NOP1);

	if (outcome)
		outcome = kernel_try(KERNEL_PERF, false, KERNEL_NOP1);
	if (!outcome || (outcome != EPERM && outcome != EACCES))
		return NULL;
	if (!privileges_has(CAP_SYS_ADMIN))
		return err_new("no permission to trace: CAP_SYS_ADMIN is missing (user %u), which "
			       "this kernel wants for uprobes, as it has no uprobe_multi links "
			       "(Linux 6.6); use sudo", getuid());
	return refused_call("attaching by perf_event_open(2)", outcome);
}

struct err *privileges_check(void)
{
	TRY(check_capabilities());
	TRY(check_user_namespace());
	TRY(check_bpf());
	return check_attach();
}

/* The user who called sudo, or NULL. */
static const struct passwd *caller_of_sudo(void)
{
	const char *uid = getenv("SUDO_UID");
	char *end;

	if (geteuid() != 0 || !uid || *uid < '0' || *uid > '9')
		return NULL;
	unsigned long id = strtoul(uid, &end, 10);

	return *end || !id || id >= UINT_MAX ? NULL : getpwuid((uid_t)id);
}

static struct err *become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
		return err_sys(errno, "cannot become the user %s", user->pw_name);
	return NULL;
}

/* The bounding set limits what executing a file can give; leaving it takes CAP_SETPCAP. */
static void empty_bounding_set(void)
{
	for (int cap = 0; privileges_known(cap); cap++)
		prctl(PR_CAPBSET_DROP, (unsigned long)cap, 0, 0, 0);
}

/* Only CAP_SYS_PTRACE or nothing in the three sets; the ambient set goes along. */
static struct err *set_capabilities(bool keep_ptrace)
{
	const cap_value_t ptrace = CAP_SYS_PTRACE;
	cap_t caps = cap_init();
	int failed = !caps;

	if (caps && keep_ptrace)
		failed = cap_set_flag(caps, CAP_PERMITTED, 1, &ptrace, CAP_SET) ||
			 cap_set_flag(caps, CAP_EFFECTIVE, 1, &ptrace, CAP_SET);
	failed = failed || cap_set_proc(caps);
	struct err *err = failed ? err_sys(errno, "cannot give up capabilities") : NULL;

	cap_free(caps);
	return err;
}

struct err *privileges_drop(bool keep_ptrace)
{
	const struct passwd *user = caller_of_sudo();
	bool keep = keep_ptrace && privileges_has(CAP_SYS_PTRACE);

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	empty_bounding_set();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(errno, "cannot give up gaining privileges");
	if (user && prctl(PR_SET_KEEPCAPS, keep ? 1UL : 0UL, 0, 0, 0))
		return err_sys(errno, "cannot keep CAP_SYS_PTRACE");
	if (user)
		TRY(become(user));
	return set_capabilities(keep);
}
