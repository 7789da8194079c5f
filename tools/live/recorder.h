/* SPDX-License-Identifier: MIT */
/*
 * The flight recorder at work: waits for the condition or a signal, goes on for a little
 * while, and writes the last seconds to a file; once, or several times.
 */
#ifndef LIVE_RECORDER_H
#define LIVE_RECORDER_H

#include "live/tracing.h"

struct recorder {
	struct tracing *tracing;  /* its session.keep_bytes and .when are set */
	const char *out;          /* file to write */
	const char *condition;    /* as the user wrote it; NULL = none */
	uint64_t last_ns, after_ns;
	unsigned repeat;          /* files to write; more than one: numbered */
	bool on_exit;             /* also at the end, whatever that comes from */
	bool scheduler;           /* whether it was a default to record the scheduler */
};

/* Runs until all files are written or tracing ends. */
struct err *recorder_run(const struct recorder *recorder);

#endif
