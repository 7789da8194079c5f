/* SPDX-License-Identifier: MIT */
/* The user's cache folder, and small files in it that appear whole or not at all. */
#ifndef TOOLCHAIN_CACHE_H
#define TOOLCHAIN_CACHE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The folder `name` ("sites", "compile/go1.26.8-0123") of the cache: $GOPROBES_CACHE, or
 * $XDG_CACHE_HOME/goprobes, or ~/.cache/goprobes. It is made where it is missing, for this
 * user alone. The path is owned by the caller. An error says what to set.
 */
struct err *cache_folder(const char *name, char **path_ret);

/* Reads a whole file, appending to `out`. */
struct err *cache_read(const char *path, struct buf *out);

/* Writes a file, with the folders that lead to it. */
struct err *cache_write(const char *path, const void *bytes, size_t len);

/* The same in one step: others see the old file or the new one. */
struct err *cache_replace(const char *path, const void *bytes, size_t len);

/*
 * Waits until no other process holds the folder's lock, and takes it. *fd_ret is close-on-exec;
 * closing it gives the lock back, as the end of the process does.
 */
struct err *cache_lock(const char *folder, int *fd_ret);

/* Removes a folder and what is in it, as far as that can be done. */
void cache_remove(const char *folder);

enum { CACHE_DIGEST = 16 };

/* Writes the first 64 bits of the SHA-256 of some pieces and their lengths, in hexadecimal. */
struct cache_piece {
	const void *bytes;
	size_t len;
};
void cache_digest(const struct cache_piece *pieces, size_t n, char digest_ret[CACHE_DIGEST + 1]);

#endif
