/* SPDX-License-Identifier: MIT */
/* W3C Trace Context: the traceparent header, and new ids. */
#ifndef LIVE_TRACEPARENT_H
#define LIVE_TRACEPARENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_ID = 16, SPAN_ID = 8 }; /* bytes */

struct traceparent {
	uint8_t trace_id[TRACE_ID];
	uint8_t span_id[SPAN_ID]; /* of the caller's span */
	bool sampled;
};

/*
 * Reads a header's value as https://www.w3.org/TR/trace-context/ says (section 3.2): version
 * 00, or a higher one of which only the known part is taken. False when it is not valid; a
 * receiver then starts a trace of its own.
 */
bool traceparent_parse(const char *text, size_t len, struct traceparent *parent_ret);

/* Random bytes from the kernel, fetched many at a time. Start with a zeroed one. */
struct id_source {
	uint8_t pool[1024];
	size_t left;
};

/* Fills an id of `len` bytes; never all zero. */
void id_next(struct id_source *source, uint8_t *id, size_t len);

/* Writes 2 * len lower-case digits and a NUL. */
void id_hex(const uint8_t *id, size_t len, char *text);

#endif
