/* SPDX-License-Identifier: MIT */
/*
 * Conditions on events:
 *
 *	status >= 500 && host ~ "*.example.org"
 *	duration > 10ms || err
 *	net_http:server_request.duration > 500ms && !(method == HEAD)
 *
 *	or      = and { "||" and }
 *	and     = not { "&&" not }
 *	not     = "!" not | "(" or ")" | test
 *	test    = NAME [ OPERATOR VALUE ]        a NAME alone: neither 0, false, empty nor nil
 *	NAME    = [ PROBE "." ] word             with PROBE (a pattern): only events of it
 *	OPERATOR = "==" "=" "!=" "<" "<=" ">" ">=" "~" "!~"      ~ compares with * ? wildcards
 *	VALUE   = number [ ns us ms s m h | k M G Ki Mi Gi | B ] | true | false | nil
 *	        | "text" | 'text' | word
 *
 * A value that is no number, or in quotes, and what follows ~, is compared with the value as it is
 * printed: status ~ 5*, v == "main.Order".
 *
 * Words are arguments of the probe; of a span, of its start and its end; and duration (of a
 * span), goid, pid, tid, probe, provider, name. arg.WORD is always the argument. A test of
 * something that the event does not have, or that could not be read, does not hold.
 */
#ifndef TRACER_FILTER_H
#define TRACER_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "tracer/selection.h"
#include "tracer/session.h"

struct filter;

/* Parses text. The caller owns the result. Errors name the column. */
struct err *filter_parse(const char *text, struct filter **filter_ret);
void filter_free(struct filter *filter); /* NULL is fine */

/* Whether it asks for the duration of spans. */
bool filter_needs_spans(const struct filter *filter);

/* The longest text of it, in bytes: of shorter ones nothing can be said. */
size_t filter_text_bytes(const struct filter *filter);

/* An error when a word of it is an argument of no selected probe. */
struct err *filter_check(const struct filter *filter, const struct selection *sel);

bool filter_holds(const struct filter *filter, const struct event *event);

/*
 * The part of it that the kernel can decide for events of one probe (of a span, its end), in
 * terms of the records that have `slot_bytes` a text: what does not hold there does not hold
 * by filter_holds() either. 0 steps: nothing.
 */
void filter_compile(const struct filter *filter, const struct selection *sel,
		    const struct sel_probe *probe, uint32_t slot_bytes,
		    struct wire_condition *condition_ret);

#endif
