/* SPDX-License-Identifier: MIT */
/* Running a program of the Go toolchain and keeping what it says. */
#ifndef TOOLCHAIN_RUN_H
#define TOOLCHAIN_RUN_H

#include "base/buf.h"
#include "base/err.h"

struct run {
	char *const *argv; /* ends with NULL; argv[0] is the path */
	char *const *env;  /* all of its environment, "NAME=VALUE", ends with NULL */
	const char *folder; /* where it runs; NULL: here */
};

struct ran {
	int exit_code; /* 0 to 255; -1 when a signal ended it */
	int signal;    /* that one */
	struct buf output; /* stdout and stderr, ended by a NUL that does not count */
};

/*
 * Runs it, without input, and waits. It dies with this process. An error: it cannot be run;
 * that it failed is none. *ran_ret is filled in either way; buf_free() its output.
 */
struct err *run_program(const struct run *run, struct ran *ran_ret);

#endif
