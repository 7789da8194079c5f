/* SPDX-License-Identifier: MIT */
/*
 * Delivers requests to an OTLP/HTTP endpoint from a thread of its own, so that tracing never
 * waits for the network. What does not fit in its queue, or is not taken in time, is counted
 * as dropped. Uses libcurl, which is opened when the first sender is.
 */
#ifndef LIVE_SENDER_H
#define LIVE_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct sender_options {
	const char *endpoint;       /* "http://collector:4318" */
	const char *const *headers; /* "name: value"; borrowed like all here */
	size_t nheaders;
	const char *ca_file;        /* or NULL: the system's certificates */
	size_t queue_bytes;         /* most that waits */
	int patience_ms;            /* how long one request is tried */
};

struct sender_stats {
	uint64_t spans, spans_dropped; /* delivered; not delivered, whatever the reason */
	uint64_t requests, retries;
	size_t queued_bytes;
};

struct sender;

/* Errors: no libcurl; an endpoint that is no URL. */
struct err *sender_open(const struct sender_options *options, struct sender **sender_ret);

/* Starts the thread: after privileges are given up, which belong to threads. */
struct err *sender_start(struct sender *sender);

/*
 * Queues a request for endpoint + path ("/v1/traces") and takes its bytes: `body` is empty
 * then. `nspans` is how many spans are in it, 0 for metrics.
 */
void sender_put(struct sender *sender, const char *path, struct buf *body, size_t nspans);

void sender_stats(struct sender *sender, struct sender_stats *stats_ret);

/*
 * Delivers what is queued for at most `wait_ms`, ends the thread and frees all. Fills
 * stats_ret, unless NULL, with the last figures. NULL is fine.
 */
void sender_close(struct sender *sender, int wait_ms, struct sender_stats *stats_ret);

#endif
