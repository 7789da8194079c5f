/* SPDX-License-Identifier: MIT */
/*
 * What tracing needs and this process may lack, and giving it up.
 *
 * Needed are CAP_BPF (maps, programs) and CAP_PERFMON (programs that read the traced program,
 * uprobes), in the first user namespace; CAP_SYS_ADMIN stands for both, and is what a kernel
 * before 5.8 asks for. CAP_SYS_PTRACE is needed only to read /proc/PID of other users.
 */
#ifndef TRACER_PRIVILEGES_H
#define TRACER_PRIVILEGES_H

#include <stdbool.h>

#include "base/err.h"

/* Whether the capability (CAP_BPF, ... of linux/capability.h) is effective. */
bool privileges_has(int capability);

/* Whether CAP_BPF, CAP_PERFMON, or what stands for it, is effective. */
bool privileges_covers(int capability);

/* Whether the kernel knows the capability: CAP_BPF and CAP_PERFMON are of Linux 5.8. */
bool privileges_known(int capability);

/* Whether this process is in the first namespace of its kind: "user", "pid". */
bool privileges_first_namespace(const char *kind);

/* Number of a field of /proc/self/status such as "Seccomp"; -1 when it is not there. */
long privileges_status(const char *field);

/*
 * For when the kernel has said EPERM or EACCES: an error that names what is missing and how
 * to get it, found out by trying small things; NULL when those work.
 */
struct err *privileges_check(void);

/*
 * Gives up everything, for good: all capabilities in all sets, the right to gain any by
 * executing, and when sudo was used, also root: the process becomes the user who called
 * sudo, with that user's groups. Root without sudo stays user 0, as which it still owns its
 * files, but cannot write where only other users can. With `keep_ptrace` CAP_SYS_PTRACE
 * stays if it was there: /proc/PID/maps and /proc/PID/root of other users' processes.
 *
 * To be called by the only thread, after attaching and after output files were opened.
 * Attached probes, mapped ring buffers and maps go on working; so do bpf(2) calls on open
 * maps from Linux 5.19 on (before it they need unprivileged_bpf_disabled to be 0).
 */
struct err *privileges_drop(bool keep_ptrace);

#endif
