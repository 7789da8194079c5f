/* SPDX-License-Identifier: MIT */
/*
 * Which function, file and line an instruction belongs to, with the calls that the compiler
 * inlined there. From pclntab alone: also for programs without symbols and DWARF.
 */
#ifndef GO_PCLINE_H
#define GO_PCLINE_H

#include "go/gobin.h"

/* More calls than this inlined into one another are not followed. */
#define PCLINE_MAX 32

struct pcline {
	const char *func;    /* "net/http.(*conn).serve"; borrowed from the image */
	const char *file;    /* as the compiler wrote it; "?" when not known; borrowed */
	uint32_t line;       /* 0 when not known */
	uint32_t start_line; /* of the function; 0 before Go 1.20 */
	/* Code that the compiler wrote, such as a method called through an interface; the
	 * runtime leaves these out of stack traces. */
	bool wrapper;
};

/* The function that has the address, or NULL. */
const struct gofunc *pcline_func(const struct gobin *gobin, uint64_t addr);

/*
 * Fills `frames` for the instruction that contains `addr`: the innermost inlined call first,
 * last the function whose code it is (always, also when PCLINE_MAX is exceeded). For a
 * return address ask for one less. The result is their number; 0 when no function of the
 * program has the address. Never fails otherwise: what cannot be read is "?" and 0.
 * Follows src/runtime/symtab.go and symtabinl.go of Go 1.18 to 1.27.
 */
size_t pcline_at(const struct gobin *gobin, uint64_t addr, struct pcline frames[PCLINE_MAX]);

#endif
