/* SPDX-License-Identifier: MIT */
/* Turns the BPF program's records into events. */
#ifndef TRACER_DECODE_H
#define TRACER_DECODE_H

#include "tracer/selection.h"

struct decoder {
	const struct selection *sel;   /* borrowed */
	uint32_t slot_bytes;
	uint64_t monotonic_to_real; /* ns to add to the records' times */
	struct value values[2 * WIRE_WORDS];
	uint64_t frames[WIRE_FRAMES + 1];
};

/*
 * *event_ret borrows from the record and the decoder, until the next call. `size` is the
 * record's size in bytes. False when it is none of ours.
 */
bool decode_record(struct decoder *decoder, const struct wire_record *record, size_t size,
		   struct event *event_ret);

/* A start that still waits for its end: an event of the start's own name. */
bool decode_open(struct decoder *decoder, const struct wire_open *open, struct event *event_ret);

#endif
