/* SPDX-License-Identifier: MIT */
/* Runs the tools of the Go toolchain. */
#ifndef TOOLS_TOOLEXEC_RUN_H
#define TOOLS_TOOLEXEC_RUN_H

/*
 * Runs the tool, which shares our files and gets the signals we get, and waits for it.
 * Returns its exit code; a tool that a signal ended ends us alike. With `output_ret` its
 * standard output goes there, NUL-terminated and owned by the caller, else to ours.
 */
int toolexec_run(char *const *argv, char **output_ret);

/* Becomes the tool. Returns only when it cannot be run, with an exit code. */
int toolexec_become(char *const *argv);

#endif
