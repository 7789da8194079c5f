/* SPDX-License-Identifier: MIT */
/* One run of a tool, as the parts of the common front see it. */
#ifndef BPF_SCRIPTS_COMMON_RUN_H
#define BPF_SCRIPTS_COMMON_RUN_H

#include "base/err.h"
#include "bpf-scripts/common.h"

#define PROBES_MAX 32

struct symbols;

struct run {
	const struct front *front;
	struct settings settings;
	char *file;          /* leads to the program, also in another mount namespace */
	const char *shown;   /* how messages call it: the file or "process 42" */
	int pid;             /* -1 = all processes of the file */
	double seconds;      /* 0 = until interrupted */
	double interval;     /* of reports; 0 = at the end only */
	unsigned rows;
	struct bpf_object *object;
	struct bpf_link *links[PROBES_MAX];
	struct ring_buffer *ring;
	int64_t clock_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
	uint64_t printed;
	struct symbols *symbols; /* NULL until asked for */
	char function[256];
};

/*
 * Fills `run` from the command line. Returns -1 to go on, else the exit code: 0 after
 * --help, 2 for what was wrong, which is then said on stderr.
 */
int run_arguments(struct run *run, int argc, char **argv);

/* Loads the BPF program and attaches it to the probes. The caller frees with run_close(). */
struct err *run_open(struct run *run);
void run_close(struct run *run); /* detaches; what was not opened is fine */

void symbols_free(struct symbols *symbols); /* NULL is fine */

#endif
