/* SPDX-License-Identifier: MIT */
/* Runs the tools of the Go toolchain. */
#ifndef TOOLS_TOOLEXEC_RUN_H
#define TOOLS_TOOLEXEC_RUN_H

#include <stdbool.h>

/*
 * Runs the tool, which shares our files and gets the signals we get, and waits for it.
 * Returns its exit code; a tool that a signal ended ends us alike. With `output_ret` its
 * standard output goes there, NUL-terminated and owned by the caller (NULL when it could not
 * be started), else to ours. `quiet`: what else it prints is thrown away.
 */
int toolexec_run(char *const *argv, char **output_ret, bool quiet);

/* Becomes the tool. Returns only when it cannot be run, with an exit code. */
int toolexec_become(char *const *argv);

#endif
