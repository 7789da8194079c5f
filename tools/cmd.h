/* SPDX-License-Identifier: MIT */
/* The commands of `probes`, and what they share. */
#ifndef TOOLS_CMD_H
#define TOOLS_CMD_H

#include "base/err.h"

/* Each takes its own name as argv[0] and returns an exit code (base/err.h). */
int cmd_inject(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_bpftrace(int argc, char **argv);
int cmd_catalog(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_strip(int argc, char **argv);
int cmd_toolexec(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_stacks(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_hist(int argc, char **argv);

/*
 * Prints "probes: MESSAGE" to stderr, frees err and returns its exit code; EXIT_DONE and
 * not a word for NULL.
 */
int cmd_report(struct err *err);

#endif
