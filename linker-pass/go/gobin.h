/* SPDX-License-Identifier: MIT */
/*
 * What a Go binary says about itself: version and settings from .go.buildinfo, functions
 * from .gopclntab. Works without section headers, symbol table and DWARF.
 */
#ifndef GO_GOBIN_H
#define GO_GOBIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "elf/image.h"

struct gofunc {
	uint64_t entry;        /* address of the first instruction */
	uint64_t end;          /* address after the last byte, padding included */
	/* As the linker wrote it, e.g. "net/http.(*conn).serve"; borrowed. Up to Go 1.20 type
	 * arguments are "[...]". */
	const char *name;
	uint32_t deferreturn;  /* offset of the deferreturn call block from entry, 0 = none */
	uint8_t func_id;       /* internal/abi.FuncID */
	uint8_t flag;          /* internal/abi.FuncFlag; see GOFUNC_FLAG_* */
};

#define GOFUNC_FLAG_TOP_FRAME 1
#define GOFUNC_FLAG_SP_WRITE 2
#define GOFUNC_FLAG_ASM 4

struct gosetting {
	char *key;   /* e.g. "-race", "CGO_ENABLED", "GOARCH", "-buildmode" */
	char *value;
};

struct gobin {
	const struct image *image; /* borrowed */
	char *version;             /* as written, e.g. "go1.24.1" or "devel go1.28-..." */
	unsigned minor;            /* 24 for go1.24.1 */
	unsigned patch;            /* 1 for go1.24.1; 0 when absent */
	char *main_path;           /* package path of main, may be "" */
	struct gosetting *settings;
	size_t nsettings;
	uint64_t text_start, text_end;
	struct gofunc *funcs; /* sorted by entry */
	size_t nfuncs;
	struct gofunc_index *index; /* by name */
};

/*
 * Reads the metadata of a Go program. Errors: not a Go binary; older than Go 1.18; a
 * pclntab that contradicts itself (with the offset at which it does). The result is owned
 * by the caller (gobin_free()) and borrows `image`, which must outlive it.
 * Follows src/runtime/symtab.go, src/debug/gosym/pclntab.go and src/debug/buildinfo of
 * Go 1.18 to 1.27.
 */
struct err *gobin_read(const struct image *image, struct gobin **gobin_ret);
void gobin_free(struct gobin *gobin);

/* The function with this exact name, or NULL. */
const struct gofunc *gobin_func(const struct gobin *gobin, const char *name);

/* The value of a build setting, or NULL. */
const char *gobin_setting(const struct gobin *gobin, const char *key);

/* How many places in the binary hold an inlined copy of each named function is a matter of
 * the inline trees in pclntab: fills counts[i] for names[i]. Never fails: a tree that
 * cannot be read counts as none. */
void gobin_count_inlined(const struct gobin *gobin, const char *const *names, size_t n,
			 unsigned *counts);

#endif
