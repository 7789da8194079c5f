/* SPDX-License-Identifier: MIT */
/* Trace files on disk: whole or not at all, compressed when their name ends in .gz. */
#ifndef LIVE_TRACEFILE_H
#define LIVE_TRACEFILE_H

#include "tracer/chrome.h"

/* An error unless a file can be made where `path` will be. */
struct err *tracefile_check(const char *path);

/*
 * Writes the trace to a temporary file beside `path` and gives it that name, in place of what
 * had it. Only its owner may read it: it says what requests and statements said.
 */
struct err *tracefile_write(const char *path, struct chrome *chrome);

/* "trace-2.json.gz" for "trace.json.gz" and 2. The caller owns it. */
char *tracefile_numbered(const char *path, unsigned number);

#endif
