/* SPDX-License-Identifier: MIT */
/* One HTTP POST after the other, by a libcurl that is opened at run time. */
#ifndef LIVE_POST_H
#define LIVE_POST_H

#include "live/sender.h"

struct post_answer {
	long status;            /* HTTP; 0 = none came */
	char text[200];         /* of the answer, or why none came */
	int64_t retry_after_ms; /* 0 = it does not say */
	size_t rejected;        /* spans or data points that were left out of a taken request */
};

struct post;

/* Takes endpoint, headers and ca_file of the options. */
struct err *post_open(const struct sender_options *options, struct post **post_ret);
void post_close(struct post *post); /* NULL is fine */

/* Sends the JSON document, compressed, to endpoint + path; waits up to timeout_ms. */
void post_send(struct post *post, const char *path, const struct buf *body, int64_t timeout_ms,
	       struct post_answer *answer_ret);

/* Milliseconds of a Retry-After value: seconds, or a date; 0 when it is neither. `now` is
 * in seconds since 1970. */
int64_t post_retry_after(const char *value, int64_t now);

/* Spans or data points that "partialSuccess" of an answer says were rejected. */
size_t post_rejected(const char *text, size_t len);

#endif
