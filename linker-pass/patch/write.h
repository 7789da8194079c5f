/* SPDX-License-Identifier: MIT */
/*
 * Replacing a file in one step: the new one is written beside it without a name, what
 * was written compared with what can be read, given the old one's mode, owner and extended
 * attributes, and renamed over it.
 * Killed at any moment, either the old or the new file is there, whole. On filesystems
 * without unnamed files a leftover ".NAME.probes~" may stay; the next run takes its place.
 */
#ifndef PATCH_WRITE_H
#define PATCH_WRITE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "elf/image.h"
#include "patch/output.h"

struct newfile {
	char *dest;  /* path that will be replaced, symbolic links followed */
	char *dir;
	char *temp;  /* its name until it is renamed */
	int fd;      /* open for reading and writing; -1 when closed */
	int dir_fd;  /* the folder, locked while temp is in use; -1 otherwise */
	bool unsynced; /* the disk need not have it when it is renamed; the caller may set it */
	bool named;  /* temp exists in the folder */
	char fd_path[32]; /* "/proc/self/fd/N", for reading it back */

	/* The copy, which a thread makes while the program is read and planned. */
	const struct image *input; /* borrowed */
	pthread_t copier;
	bool copying;         /* the thread is to be joined */
	atomic_bool stop;     /* the copy is no longer wanted */
	atomic_size_t copied; /* bytes */
	atomic_bool done;     /* nothing more will be copied */
	uint32_t crc;         /* CRC-32C of what was copied */
	struct err *err;      /* why the copy failed */
};

/*
 * Starts a new file for `dest` and begins to copy `input` into it (NULL: nothing; the caller
 * writes to its fd and commits it). Errors name the folder.
 * The caller gives it to newfile_commit() or newfile_abort(), exactly one, and does not
 * move it. `input` must outlive that.
 */
struct err *newfile_begin(const char *dest, const struct image *input,
			  struct newfile *file_ret);

/* Waits until the copy of the input is whole, and checks that it reads back the same. */
struct err *newfile_wait(struct newfile *file);

/* Waits likewise, then writes edits and tail, and fills in the input's CRC-32C. */
struct err *newfile_write_output(struct newfile *file, const struct output *output);

/* Takes mode, owner and extended attributes from `like`, syncs, and renames. */
struct err *newfile_commit(struct newfile *file, const struct image *like);
void newfile_abort(struct newfile *file);

#endif
