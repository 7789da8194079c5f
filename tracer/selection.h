/* SPDX-License-Identifier: MIT */
/*
 * What is to be done at each site of the selected probes: the table that the BPF program
 * works by, and how its records are decoded. Pure: nothing here talks to the kernel.
 */
#ifndef TRACER_SELECTION_H
#define TRACER_SELECTION_H

#include "tracer/event.h"
#include "tracer/program.h"
#include "tracer/session.h"

/* One argument as users see it: one or two words. */
struct sel_arg {
	const char *name, *go_type; /* borrowed from the file's notes */
	enum value_kind kind;
	uint8_t word;
	int8_t slot;     /* of its text among the hit's; -1 = none */
	uint8_t len_word; /* with a slot: word of the length */
	bool found_text;  /* an error whose text the program looks for: not there for all */
	const struct meta_enum *numbers; /* of a VALUE_ENUM */
};

struct sel_probe {
	struct session_probe seen; /* what users get */
	struct program *program; /* of its file; borrowed */
	wire_u64 errors[WIRE_ERRORS];
	struct sel_arg args[WIRE_WORDS];
	size_t nargs;
	uint8_t nwords, ntexts, text_at[WIRE_TEXTS];
	enum wire_role role;
	uint32_t pair;
	uint8_t key;
	struct sel_probe *partner; /* of a start or end, the other one */
	char *span_name;            /* of an end: "server_request" */
	char *renamed[WIRE_WORDS];  /* of an end: "end_NAME" where the start has NAME, too */
	uint32_t filter, trigger;   /* conditions for the kernel, or 0 */
};

struct sel_site {
	struct sel_probe *probe;
	const struct list_site *listed;
	size_t file;
	uint64_t offset, semaphore; /* in the file; semaphore 0 = none */
	struct wire_site wire;
};

struct selection {
	struct listing **listings; /* owned */
	char **paths;              /* that open them; owned */
	struct program **programs; /* one a file; owned */
	size_t nfiles, files_cap;
	char **names;              /* made of names that cannot be shown; owned */
	size_t nnames, names_cap;
	struct sel_probe *probes;
	size_t nprobes;
	struct sel_site *sites;
	size_t nsites, sites_cap;
	uint32_t start_slots, end_slots; /* texts that a record holds */
};

/*
 * Finds the probes that options->patterns select in its file or process, and with `spans`
 * also the other half of each pair. The caller owns the result. Errors: a file that cannot
 * be read; EXIT_NO_MATCH.
 */
struct err *selection_make(const struct session_options *options, struct selection **selection_ret);
void selection_free(struct selection *sel); /* NULL is fine */

/* Whether the goroutine's id is the first word of the probe. */
bool selection_has_goid(const struct sel_probe *probe);

/* The argument by its name: of the start, or else of the end; with *of_start_ret which. For
 * a probe without a partner its own. NULL when there is none. */
const struct sel_arg *selection_find_arg(const struct sel_probe *probe, const char *name,
				     bool *of_start_ret);

#endif
