/* SPDX-License-Identifier: MIT */
/* The arguments of an event, decoded by their Go types. */
#ifndef TRACER_VALUE_H
#define TRACER_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum value_kind {
	VALUE_INT,     /* .i */
	VALUE_UINT,    /* .u; also lengths */
	VALUE_BOOL,    /* .u is 0 or 1 */
	VALUE_ADDRESS, /* .u; pointers, uintptr that names something, type words */
	VALUE_CODE,    /* .u; an address in the program's code */
	VALUE_ENUM,    /* .u, and .text is what it is called, NULL when that is unknown */
	VALUE_STRING,  /* .text, .len, .full_len */
	VALUE_BYTES,   /* the same; []byte */
	VALUE_IP,      /* the same; a []byte that holds an address of 4 or 16 bytes */
	VALUE_SLICE,   /* .u is the number of elements, .data 0 for nil */
	VALUE_ERROR,   /* .u is 0 for nil; .text is its text, NULL when that is unknown */
	VALUE_INTERFACE, /* .u is the type word, 0 for nil */
	VALUE_DURATION, /* .i in ns; time.Duration, or an integer whose unit is ns */
};

struct value {
	const char *name;    /* "method"; borrowed, like all here, while the event is valid */
	const char *go_type; /* "string" */
	enum value_kind kind;
	union {
		int64_t i;
		uint64_t u;
	};
	const char *text;    /* not terminated */
	size_t len;          /* bytes at text */
	uint64_t full_len;   /* of the string in the program; more than len when cut */
	const char *type_name; /* dynamic type of an interface or error, NULL when unknown */
	uint64_t data;       /* second word of an interface or error; pointer of a slice */
	bool unread;         /* the kernel could not read it */
};

/* Appends the value for people: GET, "two words", 12.5ms, 0xc000012345, nil, true. */
void value_put_text(struct buf *out, const struct value *value);

/* Appends the value as JSON: a number, string, true, null (unread, nil). An interface is
 * {"type": "*net.OpError", "type_word": "0x...", "data": "0x..."}, "type" only where it is
 * known, and so is an error without text. */
void value_put_json(struct buf *out, const struct value *value);

/* The address as people write it; "" when the value holds none. */
#define VALUE_IP_SIZE 48
const char *value_ip(const struct value *value, char text_ret[VALUE_IP_SIZE]);

/* Appends text as a JSON string in quotes; bytes that are no UTF-8 become U+FFFD. */
void value_put_json_string(struct buf *out, const char *text, size_t len);

/* Appends 950ns, 12.5us, 3.2ms, 1.25s ... */
void value_put_duration(struct buf *out, uint64_t ns);

#endif
