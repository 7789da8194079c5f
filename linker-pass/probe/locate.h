/* SPDX-License-Identifier: MIT */
/* Where the value of an expression is when its probe fires. */
#ifndef PROBE_LOCATE_H
#define PROBE_LOCATE_H

#include "probe/abi.h"
#include "probe/bind.h"
#include "probe/expr.h"
#include "probe/fields.h"
#include "probe/loads.h"

/* Where the value of an expression is, so far. */
struct located {
	const struct abi_value *value; /* in its registers; NULL = in memory */
	const struct gotype *gotype;   /* the type, when value is set */
	uint64_t off;                  /* within value */
	struct chain chain;            /* memory: at the chain's end ... */
	int64_t disp;                  /* ... plus this */
	char *type;                    /* Go name of the type, owned */
};

/* One function of one binary. All borrowed. */
struct locator {
	struct fields *fields;
	const struct gotype_func *func;
	const struct abi_value *values;
	struct bound_probe *bound; /* gets refusal and detail when a layout is not known */
	bool at_goid; /* the goroutine id is looked for: g is always the goroutine */
};

/*
 * Finds the value of an expression that is no constant; of len() and the like, what they are
 * about. The caller frees place->type, also after an error, which says what is wrong with the
 * definition. Nothing can be said of the place once the probe is refused.
 */
struct err *locate(struct locator *in, const struct expr *expr, struct located *place);

/* Follows the pointer that the place holds. */
struct err *locate_pointee(struct located *place);

/* The register that holds `size` bytes at `off` of the place's value; REG_NONE if none. */
enum reg located_reg(const struct located *place, uint64_t off, uint64_t size);

#endif
