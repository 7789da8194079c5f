/* SPDX-License-Identifier: MIT */
/*
 * Definitions bound to one binary: the function each probe stands on and, for each
 * argument, the operand. Registers come from Go's ABIInternal rules
 * (src/cmd/compile/abi-internal.md), offsets from DWARF or the layout data.
 */
#ifndef PROBE_BIND_H
#define PROBE_BIND_H

#include "go/gobin.h"
#include "go/godwarf.h"
#include "probe/def.h"
#include "elf/operand.h"
#include "probe/expr.h"
#include "probe/refusal.h"

#define BOUND_MAX_ARGS 12 /* BPF_USDT_MAX_ARG_CNT of libbpf */
#define BOUND_MAX_LOADS 4
#define BOUND_MAX_STEPS 8
#define BOUND_MAX_ITABS 6

/* What the trampoline does before its nop site, to the registers R12 and R13. */
enum step_kind {
	/* dst = the 8 bytes at `from`, a place in memory. When its base or what is loaded is 0,
	 * dst becomes the address of a block of zeros, so that the next load, or the tracer's
	 * dereference, reads 0. */
	STEP_LOAD,
	/* dst = our number for Go's in `from`, one byte in memory or in a register. */
	STEP_NUMBER,
	/* `from` and `len` are the words of an error, in registers. dst = its data word when its
	 * dynamic type is known to start with the text; else the zeros. */
	STEP_ERRTEXT,

	/* These may find that the probe does not fire: then the nop site is jumped over. They
	 * come first. */

	/* Fires when the register `from` is, or is not, 0. */
	STEP_NIL,
	STEP_NOT_NIL,
	/* Fires when `func` called this function, itself or through one other. */
	STEP_WITHIN,
	/* Fires when the text at `from`, `len` bytes (both in registers), starts with `name`,
	 * in whatever case, and a colon. R12 and R13 = what follows, less white space. */
	STEP_HEADER,
	/* `from` is a slice in memory, of elements of `stride` bytes which have a string at
	 * `name_off`. Fires when one of these is `name`; R12 = the address of the first. */
	STEP_FIELD,
};

struct bound_step {
	enum step_kind kind;
	enum reg dst; /* LOAD, NUMBER and ERRTEXT */
	struct operand from, len;
	const struct def_enum *numbers; /* NUMBER; borrowed */
	unsigned minor;                 /* NUMBER: Go's release */
	const struct gofunc *func;      /* WITHIN; borrowed */
	char name[EXPR_MAX_TEXT + 1];   /* HEADER and FIELD */
	int32_t stride, name_off;       /* FIELD */
	uint64_t itabs[BOUND_MAX_ITABS]; /* ERRTEXT: addresses of method tables */
	size_t nitabs;
};

struct bound_arg {
	char *name; /* "goid", "method", "method_len", "err_type", "err_data" ... */
	char *type; /* Go type of this word: "uint64", "*byte", "int", "bool" ... */
	char *of;   /* Go type of the value it is a part of: "string", "error"; else as type */
	struct operand op;
	bool optional; /* const 0 will do where there is no trampoline */
	const struct def_enum *numbers; /* what the word's values are called; or NULL. Borrowed */
};

struct bound_probe {
	const struct def_probe *def;         /* borrowed */
	const struct def_variant *variant;   /* borrowed; NULL when refused for its version */
	const struct gofunc *func;           /* borrowed; NULL when not in the binary */
	char *function; /* its name with type arguments, where the definition means all instances
			 * of a generic function; else NULL */
	const struct gofunc *within;         /* what must have called it, or NULL; borrowed */
	struct bound_arg args[BOUND_MAX_ARGS];
	int nargs;
	struct bound_step steps[BOUND_MAX_STEPS]; /* in order, before the nop site */
	int nsteps;
	unsigned inlined_copies; /* calls the probe will not see */
	enum refusal refusal;
	char *detail; /* more about the refusal, or NULL */
};

struct bound_set {
	/* In the order of the definitions; one for each variant that holds for the binary's
	 * Go version, and of a generic function for each instance, or a single refused one
	 * when none does. Definitions for another program's package main are left out. */
	struct bound_probe *probes;
	size_t nprobes;
	bool used_dwarf; /* offsets were resolved from or checked against DWARF */
};

/*
 * Binds each probe of `defs` for which selected[i] is true (all when selected is NULL).
 * dwarf may be NULL. Refusals are in the result; an error means a definition that cannot
 * be right for any binary (too many arguments, a bad expression), with file:line.
 * The result is owned by the caller and borrows defs and gobin.
 */
struct err *bind_probes(const struct def_set *defs, const bool *selected,
			const struct gobin *gobin, struct godwarf *dwarf,
			struct bound_set **set_ret);
void bind_free(struct bound_set *set); /* NULL is fine */

/* Told of each struct field that a definition led to. */
typedef void bind_seen_fn(void *arg, const char *type, const char *field, uint64_t offset,
			  const char *field_type);

/* The same, calling seen(seen_arg, ...) for the fields: what the layout data must hold. */
struct err *bind_probes_seen(const struct def_set *defs, const bool *selected,
			     const struct gobin *gobin, struct godwarf *dwarf,
			     bind_seen_fn *seen, void *seen_arg, struct bound_set **set_ret);

/*
 * The packages whose DWARF bind_probes() reads for the selected definitions. The array and
 * its strings are one allocation, owned by the caller: free().
 */
void bind_packages(const struct def_set *defs, const bool *selected,
		   const char ***packages_ret, size_t *n_ret);

#endif
