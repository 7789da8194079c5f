/* SPDX-License-Identifier: MIT */
/*
 * Stacks of events as functions, files and lines.
 *
 * The file that an event's probe is in is at hand, and where it is loaded follows from the
 * address of the site; other files a process maps are read from /proc when the process is
 * first seen. So stacks can be named when their process is gone, of a program in a container
 * as of others, and of several processes at a time.
 */
#ifndef TRACER_SYMBOLISE_H
#define TRACER_SYMBOLISE_H

#include "tracer/session.h"
#include "tracer/symfile.h"

struct symstack {
	const struct symplace **places; /* innermost first */
	size_t nplaces;
	/* How it was asked for */
	int pid;
	uint64_t func_addr;
	uint64_t *addrs;
	size_t naddrs;
};

struct symboliser;

struct symboliser *symboliser_new(void);
void symboliser_free(struct symboliser *symboliser); /* NULL is fine */

/*
 * The event's stack. The first place is the probed function; compilers' wrappers and
 * runtime.goexit, which starts every goroutine, are left out, as Go's own profiles do. An
 * event without frames has no places; one with as many frames as are recorded, WIRE_FRAMES of
 * tracer/event.h, ends in "[deeper]". The stack is valid until the next call; its places are
 * until symboliser_free(), and each exists once for a file and address.
 */
const struct symstack *symboliser_stack(struct symboliser *symboliser, const struct event *event);

/* A function's entry or an instruction, in the process of the event: start_pc, go_pc ... */
const struct symplace *symboliser_code(struct symboliser *symboliser, const struct event *event,
				       uint64_t addr);

/* Appends a line for each frame, "    main.work  /src/main.go:12"; "    [no stack]" without. */
void symstack_put_text(struct buf *out, const struct symstack *stack);

/* Appends [{"func":"main.work","file":"/src/main.go","line":12},...], innermost first. */
void symstack_put_json(struct buf *out, const struct symstack *stack);

/* The same for places without a stack around them. */
void symplaces_put_text(struct buf *out, const struct symplace *const *places, size_t n);

/* The files seen so far, by their numbers less one. */
size_t symboliser_nfiles(const struct symboliser *symboliser);
const struct symfile *symboliser_file(const struct symboliser *symboliser, size_t index);

#endif
