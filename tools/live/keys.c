/* SPDX-License-Identifier: MIT */
/* Keys of events. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/keys.h"
#include "live/routes.h"
#include "probe/pattern.h"

/* What "auto" takes when no rule of its own applies: the first of these that is there. */
static const char *const telling[] = {
	"query", "host", "address", "addr", "server_name", "sni", "dns_name", "name", "path",
	"pattern", "old", "method", "reason", "driver", "network", "from", "to", "common_name",
	"task_type", "region_type", "msg", "message", "signal", "mutex", "status", "alert",
	"format", NULL,
};

struct err *keys_parse(const char *text, struct keys *keys_ret)
{
	struct keys keys = { .automatic = !strcmp(text, "auto") };

	while (!keys.automatic && strcmp(text, "none")) {
		size_t len = strcspn(text, ",");

		if (!len || keys.n == KEYS_MAX) {
			keys_free(&keys);
			return err_code(EXIT_USAGE, len ? "--by takes up to %d names" :
					"--by: an empty name", KEYS_MAX);
		}
		keys.names[keys.n++] = mem_strndup(text, len);
		if (!text[len])
			break;
		text += len + 1;
	}
	keys.routes = routes_new();
	*keys_ret = keys;
	return NULL;
}

void keys_free(struct keys *keys)
{
	for (int i = 0; i < keys->n; i++)
		free(keys->names[i]);
	routes_free(keys->routes);
	free(keys->places);
	free(keys->patterns);
	*keys = (struct keys){ 0 };
}

static bool selects(const struct session_options *session, const char *name)
{
	return pattern_match_any(session->patterns, session->npatterns, "net_http", name);
}

void keys_select(struct keys *keys, struct session_options *session)
{
	size_t n = (size_t)session->npatterns;
	bool wanted = keys->automatic;

	for (int i = 0; i < keys->n; i++)
		wanted |= !strcmp(keys->names[i], "route");
	if (!wanted || selects(session, "server_route") ||
	    !(selects(session, "server_request") || selects(session, "server_request_start") ||
	      selects(session, "server_request_end")))
		return;
	keys->adds_route = true;
	keys->patterns = mem_zalloc((n + 1) * sizeof(*keys->patterns));
	memcpy(keys->patterns, session->patterns, n * sizeof(*keys->patterns));
	keys->patterns[n] = "net_http:server_route";
	session->patterns = keys->patterns;
	session->npatterns++;
}

bool keys_hide(const struct keys *keys, const struct event *event)
{
	return keys->adds_route && !strcmp(event->name, "server_route");
}

/*
 * Appends "NAME, " for each argument of the probe that is not there yet. listing_values()
 * gives "NAME TYPE, NAME TYPE".
 */
static void list_names(struct buf *names, const struct session_probe *probe)
{
	char *values = probe->listed->meta ? listing_values(probe->listed->meta) : NULL;
	char *rest = values, *value;

	while (rest && (value = strsep(&rest, ","))) {
		value += *value == ' ';
		char *word = mem_printf(" %.*s, ", (int)strcspn(value, " "), value);

		buf_u8(names, 0);
		names->len--;
		if (!strstr((char *)names->data, word))
			buf_printf(names, "%s", word + 1);
		free(word);
	}
	free(values);
}

struct err *keys_check_names(const char *option, char *const *names, int n,
			     const struct session *session)
{
	struct buf known = { 0 };
	struct err *err = NULL;

	buf_printf(&known, " pid, tid, goid, route, ");
	for (size_t i = 0; n && i < session_nprobes(session); i++)
		list_names(&known, session_probe_at(session, i));
	buf_u8(&known, 0);
	for (int i = 0; i < n && !err; i++) {
		bool end = !strncmp(names[i], "end_", 4); /* of a span whose start has it, too */
		char *word = mem_printf(" %s, ", names[i] + (end ? 4 : 0));

		if (!strstr((char *)known.data, word))
			err = err_code(EXIT_USAGE, "%s: none of the selected probes has an "
				       "argument %s; there are%.*s", option, names[i],
				       (int)known.len - 3, (char *)known.data);
		free(word);
	}
	buf_free(&known);
	return err;
}

/* Appends one line: white space becomes one blank, control characters \xNN. */
static void put_line(struct buf *out, const char *text, size_t len)
{
	size_t start = out->len;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			if (out->len > start && out->data[out->len - 1] != ' ')
				buf_u8(out, ' ');
		} else if (c < ' ' || c == 0x7f) {
			buf_printf(out, "\\x%02x", c);
		} else {
			buf_u8(out, c);
		}
	}
}

static void put_value(struct buf *out, const struct value *value, bool cut_query)
{
	bool text = value->kind == VALUE_STRING || value->kind == VALUE_BYTES ||
		    (value->text && (value->kind == VALUE_ENUM || value->kind == VALUE_ERROR));
	const char *query;

	if (!text || value->unread) {
		value_put_text(out, value);
		return;
	}
	query = cut_query && value->len ? memchr(value->text, '?', value->len) : NULL;
	put_line(out, value->text, query ? (size_t)(query - value->text) : value->len);
	if (!query && value->full_len > value->len)
		buf_put(out, "...", 3);
}

static bool is_empty(const struct value *value)
{
	return value->kind == VALUE_STRING && !value->unread && !value->len;
}

static void space(struct buf *out)
{
	if (out->len)
		buf_u8(out, ' ');
}

/* Whether a route is one thing, not a subtree such as / or /files/{path...}. */
static bool is_exact(const char *route)
{
	size_t len = strlen(route);

	return len && route[len - 1] != '/' && (len < 4 || strcmp(route + len - 4, "...}") != 0);
}

/* METHOD ROUTE, METHOD PATH or METHOD HOST/PATH. A route may have its method itself. */
static bool http_key(const struct event *event, const char *route, struct buf *out)
{
	const struct value *method = event_value(event, "method");
	const struct value *path = event_value(event, "uri");
	const struct value *host = NULL;

	if (!path) {
		path = event_value(event, "path");
		host = event_value(event, "host");
	}
	if (!method || !path)
		return false;
	if (route && !is_exact(route))
		route = NULL;
	if (!route || !strchr(route, ' ')) {
		if (is_empty(method))
			buf_put(out, "GET", 3); /* what a client's empty method means */
		else
			put_value(out, method, false);
		space(out);
	}
	if (route) {
		put_line(out, route, strlen(route));
		return true;
	}
	if (host)
		put_value(out, host, false);
	put_value(out, path, true);
	return true;
}

/* A handshake is of a client, which names the server, or of a server. */
static bool handshake_key(const struct event *event, struct buf *out)
{
	const struct value *is_client = event_value(event, "is_client");
	const struct value *server_name = event_value(event, "server_name");

	if (!is_client || is_client->unread)
		return false;
	buf_printf(out, is_client->u ? "client" : "server");
	if (server_name && !is_empty(server_name)) {
		space(out);
		put_value(out, server_name, false);
	}
	return true;
}

/* Looking for names in each event would cost more than all else; they stay where they are. */
struct key_place {
	enum { UNKNOWN, NOWHERE, THERE, BY_RULE } found;
	size_t at;        /* among the values */
	const char *name; /* of that value: the same pointer in all events of the probe */
};

static struct key_place *place_of(struct keys *keys, const struct event *event)
{
	size_t index = event->probe->index, n = keys->nplaces;

	if (index >= n) {
		keys->nplaces = index + 64;
		keys->places = mem_realloc(keys->places, keys->nplaces * sizeof(*keys->places));
		memset(keys->places + n, 0, (keys->nplaces - n) * sizeof(*keys->places));
	}
	return &keys->places[index];
}

/* The first telling value that is not empty, or an empty one, or NULL. */
static const struct value *telling_value(const struct event *event)
{
	const struct value *empty = NULL;

	for (const char *const *name = telling; *name; name++) {
		const struct value *value = event_value(event, *name);

		if (value && !is_empty(value))
			return value;
		empty = value ? value : empty;
	}
	return empty;
}

static bool put_telling(const struct value *value, struct buf *out)
{
	if (!value)
		return false;
	if (is_empty(value))
		buf_printf(out, "(empty)");
	else
		put_value(out, value, false);
	return true;
}

static bool automatic_key(struct keys *keys, const struct event *event, const char *route,
			  struct buf *out)
{
	struct key_place *place = place_of(keys, event);
	const struct value *value;

	if (place->found == NOWHERE)
		return false;
	if (place->found == THERE && place->at < event->nvalues) {
		value = &event->values[place->at];
		if (value->name == place->name && !is_empty(value))
			return put_telling(value, out);
	}
	if (place->found != THERE && (http_key(event, route, out) || handshake_key(event, out))) {
		place->found = BY_RULE;
		return true;
	}
	value = telling_value(event);
	if (place->found == UNKNOWN && !(value && is_empty(value))) {
		place->found = value ? THERE : NOWHERE;
		place->at = value ? (size_t)(value - event->values) : 0;
		place->name = value ? value->name : NULL;
	}
	return put_telling(value, out);
}

static bool put_named(const struct event *event, const char *name, const char *route,
		      struct buf *out)
{
	const struct value *value;

	if (!strcmp(name, "pid"))
		buf_printf(out, "%d", event->pid);
	else if (!strcmp(name, "tid"))
		buf_printf(out, "%d", event->tid);
	else if (!strcmp(name, "goid"))
		buf_printf(out, "%" PRIu64, event->goid);
	else if (!strcmp(name, "route") && route)
		buf_printf(out, "%s", route);
	else if ((value = event_value(event, name)) && !is_empty(value))
		put_value(out, value, false);
	else
		return false;
	return true;
}

/* What an event lacks is "-" in its key; when it has none of the names, it has no key. */
static bool named_key(const struct keys *keys, const struct event *event, const char *route,
		      struct buf *out)
{
	bool found = false;

	for (int i = 0; i < keys->n; i++) {
		space(out);
		if (put_named(event, keys->names[i], route, out))
			found = true;
		else
			buf_u8(out, '-');
	}
	return found;
}

/* The route of the request that ends here; NULL for other events. */
static const char *route_of(const struct keys *keys, const struct event *event)
{
	const struct value *pattern;

	if (strcmp(event->provider, "net_http"))
		return NULL;
	if (!strcmp(event->name, "server_request"))
		return routes_take(keys->routes, event->pid, event->goid);
	if (strcmp(event->name, "server_route"))
		return NULL;
	pattern = event_value(event, "pattern");
	if (pattern && !pattern->unread && pattern->len)
		routes_put(keys->routes, event->pid, event->goid, pattern->text, pattern->len);
	return NULL;
}

bool keys_text(struct keys *keys, const struct event *event, struct buf *out)
{
	const char *route = route_of(keys, event);
	bool found;

	out->len = 0;
	found = keys->automatic ? automatic_key(keys, event, route, out) :
				  named_key(keys, event, route, out);
	buf_u8(out, 0);
	return found;
}
