/* SPDX-License-Identifier: MIT */
/* Which container and pod a process is in, by the name of its control group. */
#ifndef LIVE_CONTAINER_H
#define LIVE_CONTAINER_H

#include <stdbool.h>

struct container {
	char id[65];  /* 64 hexadecimal digits; or empty */
	char pod[37]; /* the pod's uid in Kubernetes; or empty */
};

/*
 * Reads a line of /proc/PID/cgroup: the container's id is 64 digits of it, as all runtimes
 * name their groups; a uid behind "pod" is the pod's, as kubelet names them with either of
 * its drivers. False, and nothing is changed, when there is no id.
 */
bool container_parse(const char *line, struct container *container_ret);

/* Of a process; empty when it is in none, or is gone. */
struct container container_of(int pid);

#endif
