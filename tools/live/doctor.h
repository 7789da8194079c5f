/* SPDX-License-Identifier: MIT */
/* What `probes doctor` has looked at: one line each, and what follows from it. */
#ifndef LIVE_DOCTOR_H
#define LIVE_DOCTOR_H

#include <stddef.h>

enum doctor_result {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* worth knowing; tracing does not mind */
	DOCTOR_LIMITED, /* tracing works, but less of it, or slower */
	DOCTOR_FAILED,  /* tracing does not work */
};

struct doctor_check {
	const char *section; /* "kernel", "permissions", "target" */
	const char *name;    /* "ring buffer" */
	enum doctor_result result;
	char *found;  /* owned, like the other two, which may be NULL */
	char *effect; /* what works or does not because of it */
	char *fix;    /* what to do about it */
};

struct doctor {
	const char *section; /* of the checks to come */
	struct doctor_check *checks;
	size_t nchecks, cap;
};

/* Adds a check with what was found. The name is borrowed. */
void doctor_add(struct doctor *doctor, const char *name, enum doctor_result result,
		const char *found, ...) __attribute__((format(printf, 4, 5)));

/* Say more about the check added last. */
void doctor_effect(struct doctor *doctor, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void doctor_fix(struct doctor *doctor, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first line of a file without its line end, or NULL. The caller owns it. */
char *doctor_read_line(const char *path);

/* The text of an errno, also of ENOTSUPP (524), which stays inside the kernel elsewhere. */
const char *doctor_reason(int outcome);

/* The sections. The last one is about a file, or with a pid about what the process runs. */
void doctor_kernel(struct doctor *doctor);
void doctor_permissions(struct doctor *doctor);
void doctor_file(struct doctor *doctor, const char *path);
void doctor_process(struct doctor *doctor, int pid);

#endif
