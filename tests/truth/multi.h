/* SPDX-License-Identifier: MIT */
/*
 * Attaching to many sites by one uprobe_multi link (Linux 6.6). Detaching a perf uprobe waits
 * for every processor, 0.1 s a site; a multi link waits once. The kernel side stays libbpf's
 * own <bpf/usdt.bpf.h>: this fills its map of operand descriptions.
 */
#ifndef TRUTH_MULTI_H
#define TRUTH_MULTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

#define MAX_SITES 1024
#define ATTACH_UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI, newer than some <linux/bpf.h> */

/* The layout that usdt.bpf.h (libbpf 1.0 and later) gives its map's values. */
struct operand_spec {
	uint64_t value;
	int kind; /* 0 constant, 1 register, 2 memory */
	short reg;
	bool is_signed;
	char shift;
};

struct site_spec {
	struct operand_spec args[MAX_WORDS];
	uint64_t cookie;
	short nargs;
};

struct sites {
	struct site_spec specs[MAX_SITES];
	uint64_t offsets[MAX_SITES], cookies[MAX_SITES];
	unsigned int n;
};

/* Adds a site whose operands are words as in a note, "8@16(%rsp)"; false: one is unknown. */
bool sites_add(struct sites *sites, unsigned int probe, uint64_t offset, char *operands);

/* Fills the map and links the program to the sites of a file; -1 and errno on failure. */
int sites_attach(const struct sites *sites, int map, int program, const char *path);

/* The same without operands: one plain uprobe for each offset. */
int uprobes_attach(const uint64_t *offsets, const uint64_t *cookies, unsigned int n, int program,
		   const char *path);

#endif
