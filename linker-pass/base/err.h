/* SPDX-License-Identifier: MIT */
/* One error convention: a function that can fail returns NULL, or an owned error. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* What the process says to its caller; docs/probes.1 lists them. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_MATCH = 3,
	EXIT_REFUSED = 4,
};

struct err {
	enum exit_code code;
	char *message; /* one line, no trailing newline or full stop */
};

/* A new error with EXIT_FAILED. Never NULL. The caller owns it; err_free() it. */
struct err *err_new(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same with a code of its own. */
struct err *err_code(enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A new error ending in ": " and the text of errnum (an errno value). */
struct err *err_sys(int errnum, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "<prefix>: " in front of err's message; takes and returns err. NULL stays NULL. */
struct err *err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Frees err; NULL is fine. */
void err_free(struct err *err);

/* An out-of-line early return, for chains of fallible stages in one function. */
#define TRY(call)                             \
	do {                                  \
		struct err *try_err_ = (call); \
		if (try_err_)                 \
			return try_err_;      \
	} while (0)

#endif
