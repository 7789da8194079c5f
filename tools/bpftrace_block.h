/* SPDX-License-Identifier: MIT */
/* The block of one probe in a bpftrace script, and what the rest of the script says of it. */
#ifndef TOOLS_BPFTRACE_BLOCK_H
#define TOOLS_BPFTRACE_BLOCK_H

#include "bpftrace.h"
#include "elf/meta.h"
#include "tracer/listing.h"

struct script {
	struct buf *out;
	const struct bpftrace_options *options;
	const struct listing *listing; /* of the probes at hand */
	char *file;                    /* as bpftrace spells it */
	size_t nprobes;                /* with a block */
	size_t nplaces;                /* that libbpf tells apart: operand texts of each probe */
};

/* Appends the probe's block; of one that bpftrace cannot have, a comment that says why. */
void script_block(struct script *script, const struct list_probe *probe);

/*
 * With spans: the selected probe that is the other of the pair X_start, X_end; NULL when
 * there is none, or when bpftrace cannot have one of the two.
 */
const struct list_probe *script_partner(const struct script *script,
					const struct list_probe *probe);

/* Appends "@start_net_dial" of net:dial_start or net:dial_end and the prefix "start". */
void script_map(struct buf *out, const struct list_probe *probe, const char *prefix);

/* Appends the name of the map from an enum's values to their names. */
void script_enum(struct buf *out, const struct listing *listing,
		 const struct meta_enum *numbers);

void script_text(struct buf *out, const char *text);

/* Appends text fit for a comment: nothing in it ends one, and no terminal obeys it. */
void script_comment(struct buf *out, const char *text);

/* Whether text has nothing but letters, digits, underscores and the characters of `also`. */
bool script_is_plain(const char *text, const char *also);

#endif
