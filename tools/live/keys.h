/* SPDX-License-Identifier: MIT */
/*
 * By what the events of a probe are told apart: --by KEY. "auto" takes for each probe what
 * people ask for first: method and route or path of HTTP, the text of SQL, the host of DNS ...
 */
#ifndef LIVE_KEYS_H
#define LIVE_KEYS_H

#include "base/buf.h"
#include "base/err.h"
#include "tracer/session.h"

#define KEYS_MAX 6

struct keys {
	char *names[KEYS_MAX]; /* owned */
	int n;
	bool automatic;        /* neither names nor this: a probe has no keys */
	struct routes *routes; /* what net_http:server_route said, by goroutine; or NULL */
	struct key_place *places; /* where "auto" found the key, by the probe's index */
	size_t nplaces;
	const char **patterns; /* of the session, with net_http:server_route; owned, or NULL */
	bool adds_route;       /* its events are only there to name requests */
};

/* What --by takes: "auto", "none", or names of arguments, route, pid, tid, goid, with commas. */
struct err *keys_parse(const char *text, struct keys *keys_ret);
void keys_free(struct keys *keys);

/*
 * Adds net_http:server_route to the session's patterns when requests are selected whose keys
 * want it, and it is not among them. Patterns must be given.
 */
void keys_select(struct keys *keys, struct session_options *session);

/* Whether keys_select() has brought this event along, which is then not to be shown. */
bool keys_hide(const struct keys *keys, const struct event *event);

/* An error when no probe of the session has an argument of one of the names, but for pid, tid,
 * goid and route; it begins with `option`. */
struct err *keys_check_names(const char *option, char *const *names, int n,
			     const struct session *session);

/*
 * Writes the key of an event to `out`, from its beginning, with a NUL: one line of UTF-8
 * without control characters. False when the event has none. Each event must come by here, in
 * order: net_http:server_route is what tells the route of the request that ends later.
 */
bool keys_text(struct keys *keys, const struct event *event, struct buf *out);

#endif
