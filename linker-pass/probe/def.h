/* SPDX-License-Identifier: MIT */
/*
 * Probe definitions: YAML files (stdlib-probes/, embedded; more with -d) checked and turned
 * into structs. See stdlib-probes/README.md for the format.
 */
#ifndef PROBE_DEF_H
#define PROBE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Go minors; 0 as `until` means "still so". 18 stands for Go 1.18. */
struct go_range {
	unsigned since; /* first minor, 0 = from the start */
	unsigned until; /* last minor, 0 = no end */
};

enum def_at { DEF_ENTRY, DEF_RETURN };

/* Where in the definition file a text starts, from 1. */
struct def_place {
	int line, column;
};

/* One number of an enumeration, as probes hand it out for ever. */
struct def_enum_value {
	unsigned value;     /* 0 to 255; 0 = any that the others are not */
	char *name;         /* "chan receive"; what users see */
	char *constant;     /* Go's name for it; NULL for 0 */
	char *raw;          /* Go's number by release, "1.18:14 1.26:19"; "-" = has none */
};

/* A one-byte Go type whose constants have other numbers in other releases. */
struct def_enum {
	char *name;     /* "runtime.waitReason" */
	unsigned until; /* the last minor whose numbers are known */
	struct def_enum_value *values; /* ascending by value */
	size_t nvalues;
};

struct def_arg {
	char *name;  /* snake_case; what users see */
	char *type;  /* Go type as documented: "string", "int", "error", "bool" ...; NULL when
		      * it comes from the program's DWARF */
	char *unit;  /* "bytes", "ns" or "" */
	char *doc;
	bool optional; /* reads 0 where there is no trampoline to make it */
	const struct def_enum *numbers; /* what the values are turned into; or NULL. Borrowed
					 * from its set */
};

/*
 * One place of the probe in one range of Go versions. Several variants may hold for the
 * same version (HTTP/1 and HTTP/2 code, say): the probe then has sites in each function.
 */
struct def_variant {
	struct go_range range;
	enum def_at at;  /* the probe's, unless the variant says otherwise */
	char *symbol;    /* linker symbol, e.g. "net/http.(*Transport).roundTrip" */
	char *signature; /* "func(t *Transport, req *Request) (resp *Response, err error)"; NULL
			  * when it comes from the program's DWARF: then func may also name a
			  * generic function, "Map[...]", for all its instances */
	bool nosplit;    /* the function has no stack check: allowed, with a 1-byte nop site */
	bool noinline;   /* where the compiler makes the sites, it keeps the function whole */
	char *goid;      /* expression for arg0 when it is not the current goroutine's; or NULL */
	char *when;      /* "err == nil": fires only then; or NULL for always */
	char *within;    /* only calls that a function makes, itself or through one other: the
			  * first of these, space-separated, that the binary has; or "" */
	char **values;   /* an expression for each of the probe's args; NULL = always 0 here */
	size_t nvalues;  /* as many as args */
	int line;        /* in the definition file, for messages */
	struct def_place signature_at, goid_at, when_at;
	struct def_place *values_at; /* one for each value */
};

struct def_probe {
	char *provider;
	char *name;
	enum def_at at;
	char *doc;       /* one paragraph: when exactly it fires */
	char *stability; /* "stable" or "experimental" */
	char *otel;      /* space-separated OpenTelemetry attribute names, or "" */
	bool no_goid;    /* the arguments start with args[0]; otherwise arg0 is the goroutine id */
	struct def_arg *args; /* without the goroutine id */
	size_t nargs;
	struct def_variant *variants;
	size_t nvariants;
	const char *package; /* import path, "main" for a program's; borrowed from its set */
	const char *main_path; /* import path of the program whose package main is meant; NULL
				* for any, and for other packages. Borrowed from its set */
	int line;
	const char *file; /* borrowed from its set */
};

struct def_type {
	char *name; /* "net/http.Header" */
	char *type; /* its underlying type in Go syntax, "map[string][]string" */
	struct go_range range;
};

struct def_set {
	struct def_probe *probes; /* sorted by provider, then name */
	size_t nprobes;
	struct def_type *types; /* named types that definitions pass by value */
	size_t ntypes;
	struct def_enum **enums;
	size_t nenums;
	char **strings; /* owned file names and packages */
	size_t nstrings;
	uint8_t digest[32]; /* of all texts that were loaded, in their order */
};

/* The embedded definitions. The caller owns the result. An error here is a bug of ours. */
struct err *def_load_builtin(struct def_set **set_ret);

/*
 * Adds the definitions of a YAML file. A probe with the provider and name of one already
 * there replaces it. Errors carry file:line:column.
 */
struct err *def_load_file(struct def_set *set, const char *path);

/* The same from memory; `name` is what messages call it. */
struct err *def_load_text(struct def_set *set, const char *name, const char *text, size_t len);

void def_free(struct def_set *set); /* NULL is fine */

#define DEF_DIGEST_SIZE 65

/*
 * SHA-256, in hexadecimal, of all definition texts that were loaded: YAML and directives,
 * wherever their files are. Equal texts loaded in the same order have equal digests.
 */
void def_digest(const struct def_set *set, char text_ret[DEF_DIGEST_SIZE]);

/* Adds a text to the digest; what loads definitions calls it. */
void def_digest_add(struct def_set *set, const char *text, size_t len);

/* Whether one of the selected definitions (all when NULL) takes its types from DWARF. */
bool def_needs_dwarf(const struct def_set *set, const bool *selected);
void def_enum_free(struct def_enum *numbers); /* NULL is fine */

#define DEF_ENUM_CODES 256

/* table_ret[Go's number] = ours, for a Go minor; false when that release is not known. */
bool def_enum_table(const struct def_enum *numbers, unsigned minor,
		    uint8_t table_ret[DEF_ENUM_CODES]);

const char *def_at_name(enum def_at at); /* "entry" or "return" */

/* Steps through space-separated names, as otel and within have them: sets *name_ret, which
 * points into them and is *len_ret long, and moves *pos behind it; false at the end. */
bool def_next_name(const char **pos, const char **name_ret, int *len_ret);

/* "Go 1.22 and later", "Go 1.18 to 1.21", "Go 1.18"; owned by the caller. */
char *def_range_text(struct go_range range);

/* Checks one variant as far as that goes without a binary: its signature, and that its
 * values can be read where the probe stands. Used by the loaders. */
struct err *def_check_variant(const struct def_probe *probe, const struct def_variant *variant);

/* How an argument's Go type is handed out; words_ret gets the number of words, 1 or 2.
 * An error says that such a type cannot be an argument. */
struct err *def_arg_words(const char *type, int *words_ret);

/* Whether the range holds for a Go minor (18 for Go 1.18). */
bool def_range_has(struct go_range range, unsigned minor);

#endif
