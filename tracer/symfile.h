/* SPDX-License-Identifier: MIT */
/*
 * One file of code whose addresses are to be named: a Go program by its pclntab, other ELF
 * files and C parts of Go programs by their symbols, also those in /usr/lib/debug. What has
 * no symbol becomes "file+0xoffset".
 */
#ifndef TRACER_SYMFILE_H
#define TRACER_SYMFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "elf/image.h"

struct symframe {
	char *func;          /* type arguments are "[...]", as in Go's own profiles */
	char *file;          /* "" when not known */
	uint32_t line;       /* 0 when not known */
	uint32_t start_line; /* of the function; 0 when not known */
	bool wrapper;        /* written by the compiler; see go/pcline.h */
};

/* How an address was come by. */
enum symkind {
	SYM_CODE,   /* an instruction or a function's entry */
	SYM_RETURN, /* a return address: the call before it is meant */
	SYM_SITE,   /* of a probe: the function it belongs to is meant, without inlined calls */
};

/* An address that stands for the rest of a stack that was cut off. */
#define SYM_DEEPER UINT64_MAX

/* What stands at an address: at least one frame, the innermost first. */
struct symplace {
	struct symfile *file; /* NULL for memory without a file */
	uint64_t addr;        /* in the file (in the process when there is none) */
	enum symkind kind;
	struct symframe *frames;
	size_t nframes;
	unsigned number;      /* from 1, in the order of being seen */
};

struct symfile {
	char *path;           /* as the process sees it */
	char *build_id;       /* GNU's in hexadecimal, else Go's, else "" */
	uint64_t dev, inode;
	unsigned number;      /* from 1, in the order of being seen */
	struct image *image;  /* NULL when it is no ELF file, or cannot be read */
	struct symfile_names *names; /* read when first needed */
};

/* Takes the image, which may be NULL. Never fails. */
struct symfile *symfile_new(struct image *image, const char *path);
void symfile_free(struct symfile *file); /* NULL is fine */

/*
 * Fills place->frames by the other fields. Of a site in a trampoline `func_addr`, when not 0,
 * is the function; else .note.goprobes says it.
 */
void symfile_name(struct symplace *place, uint64_t func_addr);

/* Frees what symfile_name() filled in. */
void symplace_clear(struct symplace *place);

#endif
