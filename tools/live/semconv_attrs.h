/* SPDX-License-Identifier: MIT */
/* Filling a description with attributes, and what probes without rules of their own get. */
#ifndef LIVE_SEMCONV_ATTRS_H
#define LIVE_SEMCONV_ATTRS_H

#include "live/semconv.h"

struct filler {
	const struct semconv *semconv;
	const struct event *event;
	const struct request *request; /* or NULL */
	struct description *out;
};

/* A text of the event; NULL when there is none of this name, or it could not be read. */
const struct value *filler_text(const struct filler *filler, const char *name);
/* A number of the event, or `otherwise`. */
int64_t filler_number(const struct filler *filler, const char *name, int64_t otherwise);

/* Attributes; a label is also one of the metric. Texts are borrowed. */
void filler_put(struct filler *filler, const char *key, const char *text, size_t len);
void filler_put_number(struct filler *filler, const char *key, int64_t number);
void filler_label(struct filler *filler, const char *key, const char *text, size_t len);
void filler_label_number(struct filler *filler, const char *key, int64_t number);
const struct attr *filler_find(const struct filler *filler, const char *key);

/* Room in the description's scratch, zeroed, for at most 64 bytes. */
char *filler_room(struct filler *filler, size_t size);
/* Texts in it; cut where it is full. */
const char *filler_print(struct filler *filler, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Goes on with the text that was printed last. */
void filler_more(struct filler *filler, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void filler_name(struct filler *filler, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Splits the value "host:port" into two attributes. */
void filler_address(struct filler *filler, const char *name, const char *address_key,
		    const char *port_key, bool labels);

/* error.type and the status of the span, from the event's error, or from a text and the
 * name of a type (NULL: not known). */
void filler_error(struct filler *filler);
void filler_failed(struct filler *filler, const char *text, size_t len, const char *type);

/* All values, by the names that the definitions give them. */
void filler_general(struct filler *filler);

#endif
