/* SPDX-License-Identifier: MIT */
/* The files that a running process executes and maps. */
#ifndef TRACER_MAPPED_H
#define TRACER_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mapped_file {
	char *open_path; /* leads to the very file, also across mount namespaces */
	char *path;      /* as the process sees it, for people */
};

/*
 * The program of process `pid`, then each other file it maps executable pages of, each
 * once. Follows proc(5): exe, maps, map_files, root. The caller owns the array and gives
 * it to mapped_free(). Errors: no such process, or no permission.
 */
struct err *mapped_files(int pid, struct mapped_file **files_ret, size_t *n_ret);
void mapped_free(struct mapped_file *files, size_t n);

struct stat;

/*
 * A path that opens the very file that a line of /proc/PID/maps names; the caller owns it.
 * NULL when it cannot be reached, or when another file has its name now.
 */
char *mapped_open_path(int pid, const char *range, uint64_t inode, const char *path,
		       struct stat *st_ret);

/* What /proc/PID/stat says (proc(5)). */
struct mapped_status {
	char state; /* R, S, Z ... */
	int parent;
	unsigned long long started; /* in clock ticks since boot */
};

/* False when the process is gone. */
bool mapped_status(int pid, struct mapped_status *status_ret);

/* Whether it has no program any more: it has ended, though perhaps nobody has waited for it. */
bool mapped_ended(int pid);

#endif
