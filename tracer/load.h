/* SPDX-License-Identifier: MIT */
/* The BPF program in the kernel, sized for one selection of probes. */
#ifndef TRACER_LOAD_H
#define TRACER_LOAD_H

#include "base/err.h"
#include "tracer/selection.h"

struct events; /* the skeleton that bpftool makes */

enum { LOAD_TEXT = 128, LOAD_MOST_TEXT = 4096 }; /* bytes of a text: by default, at most */

struct loaded {
	struct events *skel;
	bool multi;            /* for uprobe_multi links */
	uint32_t slot_bytes, record_bytes;
	uint32_t kept;         /* records in the flight recorder's ring; 0 = none */
};

/*
 * Loads the program for the selection, whose conditions have been given their numbers:
 * `conditions`, `nconditions` of them, 0 unused. Errors: what the kernel refuses, with what
 * is missing. The caller gives it to load_free().
 */
struct err *load_program(const struct session_options *options, const struct selection *sel,
			 const struct wire_condition *conditions, uint32_t nconditions,
			 struct loaded *loaded_ret);
void load_free(struct loaded *loaded);

/* Bytes of a text slot, by the options. */
uint32_t load_slot_bytes(const struct session_options *options, const struct selection *sel);

#endif
