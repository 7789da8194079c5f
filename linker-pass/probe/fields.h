/* SPDX-License-Identifier: MIT */
/* Struct fields of one binary: from its DWARF, else the layout data, else `types:`. */
#ifndef PROBE_FIELDS_H
#define PROBE_FIELDS_H

#include "go/gobin.h"
#include "go/godwarf.h"
#include "probe/bind.h"
#include "probe/def.h"
#include "probe/refusal.h"

struct fields {
	const struct def_set *defs; /* borrowed */
	const struct gobin *gobin;  /* borrowed */
	struct godwarf *dwarf;      /* borrowed; NULL when there is none */
	bool used_dwarf;            /* set when DWARF gave an answer */
	bind_seen_fn *seen;         /* may be NULL */
	void *seen_arg;
	uint64_t itabs[BOUND_MAX_ITABS]; /* fields_error_itabs() keeps what it has found */
	size_t nitabs;
	bool itabs_known;
};

struct field {
	uint64_t offset;
	char *type; /* owned by the caller */
};

/*
 * Finds `name` of struct `type`. REFUSED_NONE when found; else why not, with *detail_ret, a
 * sentence that the caller owns.
 */
enum refusal fields_find(struct fields *fields, const char *type, const char *name,
			 struct field *field_ret, char **detail_ret);

/* Size of a type; false when neither builtins, `types:` nor DWARF know it. */
bool fields_type_size(struct fields *fields, const char *type, uint64_t *size_ret);

/*
 * The method tables of errors whose struct starts with their text: what errors.New and
 * fmt.Errorf make, as far as the binary has them. Addresses, borrowed.
 */
const uint64_t *fields_error_itabs(struct fields *fields, size_t *n_ret);

#endif
