/* SPDX-License-Identifier: MIT */
/* The probes of one ELF file: its stapsdt notes grouped, with names from .note.goprobes. */
#ifndef TRACER_LISTING_H
#define TRACER_LISTING_H

#include <stdint.h>

#include "base/err.h"
#include "elf/image.h"
#include "elf/meta.h"

struct list_site {
	const char *provider, *name; /* borrowed from the image, like all strings here */
	uint64_t pc, semaphore;      /* moved along when .stapsdt.base has moved */
	const char *args;            /* operand text */
	const struct meta_site *meta; /* NULL for notes of others */
};

struct list_probe {
	const char *provider, *name;
	const struct meta_probe *meta; /* NULL for notes of others */
	const struct list_site *sites; /* ascending by address */
	size_t nsites;
};

struct listing {
	char *path;          /* how messages and output call the file */
	struct image *image;
	struct meta *meta;   /* NULL without .note.goprobes */
	struct list_site *sites;
	size_t nsites, sites_cap;
	struct list_probe *probes; /* sorted by provider, then name */
	size_t nprobes, probes_cap;
	size_t nall;         /* probes of the file, also those that no pattern selects */
};

/*
 * Reads `file` (any 64-bit little-endian ELF file) and keeps the probes that one of the
 * patterns selects, all when there are none. `path` is its name for people. The caller
 * owns the result.
 */
struct err *listing_read(const char *file, const char *path, const char *const *patterns,
			 int npatterns, struct listing **listing_ret);
void listing_free(struct listing *listing); /* NULL is fine */

/*
 * What a pattern that matches nothing may have been meant to be: ", did you mean PROVIDER:NAME?",
 * or "" when no probe of the n files has a name like it. The caller owns it.
 */
char *listing_suggest(struct listing *const *listings, size_t n, const char *pattern);

/* Whether the file is a Go program, by its sections. */
bool listing_is_go(const struct listing *listing);

/* One value of a probe: a word, or the two of a string, slice, error or other interface. */
struct list_value {
	const char *name; /* its first `len` characters; borrowed */
	size_t len;
	const char *type; /* "string" */
	int arg;          /* number of the first word */
	int nwords;
};

/* The value that begins with the word `at`; returns the word behind it. */
int listing_value(const struct meta_probe *probe, int at, struct list_value *value_ret);

/* "goid uint64, method string": each value once, by Go name and type. The caller owns it. */
char *listing_values(const struct meta_probe *probe);

/* Prints {"files": [...]} as docs/list.schema.json says. */
void listing_print_json(struct listing *const *listings, size_t n, const char *const *patterns,
			int npatterns);

#endif
