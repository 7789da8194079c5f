/* SPDX-License-Identifier: MIT */
/* What go.mod and go.work files say, as far as it tells where Go source is. */
#ifndef PROBE_GOMOD_H
#define PROBE_GOMOD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads a whole file, at most `max` bytes. The caller frees *text_ret with buf_free(). */
struct err *gomod_read(const char *path, size_t max, struct buf *text_ret);

/* The folder that holds `name`: `dir` or the nearest above it; owned by the caller. NULL when
 * there is none. */
char *gomod_above(const char *dir, const char *name);

/* The module path in the go.mod of folder `root`; owned by the caller. */
struct err *gomod_path(const char *root, char **path_ret);

#endif
