/* SPDX-License-Identifier: MIT */
/*
 * What the kernel lets this process do, found out by doing it in the smallest way. Every int
 * that is called an outcome is 0, or the errno with which the kernel refused. The caller
 * closes file descriptors that are handed out; closing one detaches, too.
 */
#ifndef TRACER_KERNEL_H
#define TRACER_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* How a probe is attached: perf_event_open(2), or a link for many at once (Linux 6.6). */
enum kernel_way { KERNEL_PERF, KERNEL_MULTI };

/* Instructions of this very program, on which attaching is tried. */
enum kernel_site { KERNEL_NOP1, KERNEL_NOP5, KERNEL_NOP10, KERNEL_NSITES };

/* Whether bpf(2) and perf_event_open(2) are there and nothing stands before them: the calls
 * are so wrong that the kernel itself says E2BIG and EFAULT, which count as 0. */
int kernel_reach_bpf(void);
int kernel_reach_perf(void);

/* An array of one 64-bit number, and a ring buffer (bytes: a power of two, whole pages). */
int kernel_array(int *fd_ret);
int kernel_ring(uint32_t bytes, int *fd_ret);

/* Whether programs for uprobes may call a helper (BPF_FUNC_... of linux/bpf.h). */
int kernel_helper(int helper, bool sleepable, bool *there_ret);

/* A program for uprobes that adds 1 to the number of the array. */
int kernel_counter(int array, enum kernel_way way, bool sleepable, int *fd_ret);

/* What the array of kernel_array() holds. */
int kernel_count(int array, uint64_t *count_ret);

/*
 * Attaches a program of kernel_counter() to the instruction at `offset` of the file, in
 * process `pid` or, with 0, in all. `cookie` needs Linux 5.15.
 */
int kernel_attach(enum kernel_way way, int program, const char *path, uint64_t offset, int pid,
		  uint64_t cookie, int *fd_ret);

/* Runs the instruction once; where it lies in /proc/self/exe (0 = unknown). */
void kernel_hit(enum kernel_site site);
uint64_t kernel_site_offset(enum kernel_site site);

/*
 * All of it at once: a counter is loaded and attached to a site of this program, and the site
 * is run. An outcome of ENODATA says that it was attached and did not count.
 */
int kernel_try(enum kernel_way way, bool sleepable, enum kernel_site site);

/* What a hit of a site of this program is like while a counter is attached. */
struct kernel_hit {
	bool optimised; /* a call instead of a trap: the kernel maps [uprobes-trampoline] */
	unsigned ns;    /* it costs, on average */
};

/* Measures it in a process of its own. */
int kernel_measure(enum kernel_way way, enum kernel_site site, struct kernel_hit *hit_ret);

#endif
