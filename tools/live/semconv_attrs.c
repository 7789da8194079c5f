/* SPDX-License-Identifier: MIT */
/* Filling a description with attributes, and what probes without rules of their own get. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/semconv_attrs.h"
#include "probe/def.h"

const struct value *filler_text(const struct filler *filler, const char *name)
{
	const struct value *value = event_value(filler->event, name);

	return value && !value->unread && value->text ? value : NULL;
}

int64_t filler_number(const struct filler *filler, const char *name, int64_t otherwise)
{
	const struct value *value = event_value(filler->event, name);

	return value && !value->unread ? value->i : otherwise;
}

static struct attr *add(struct filler *filler, const char *key)
{
	struct description *out = filler->out;
	struct attr *attr = &out->attrs[out->nattrs];

	out->nattrs += out->nattrs < ATTRS_MAX;

	*attr = (struct attr){ .key = key };
	return attr;
}

void filler_put(struct filler *filler, const char *key, const char *text, size_t len)
{
	struct attr *attr = add(filler, key);

	attr->text = text;
	attr->len = len;
}

void filler_put_number(struct filler *filler, const char *key, int64_t number)
{
	add(filler, key)->number = number;
}

void filler_label(struct filler *filler, const char *key, const char *text, size_t len)
{
	struct attr *attr = add(filler, key);

	attr->text = text;
	attr->len = len;
	attr->is_label = true;
}

void filler_label_number(struct filler *filler, const char *key, int64_t number)
{
	struct attr *attr = add(filler, key);

	attr->number = number;
	attr->is_label = true;
}

const struct attr *filler_find(const struct filler *filler, const char *key)
{
	for (size_t i = 0; i < filler->out->nattrs; i++)
		if (!strcmp(filler->out->attrs[i].key, key))
			return &filler->out->attrs[i];
	return NULL;
}

char *filler_room(struct filler *filler, size_t size)
{
	struct description *out = filler->out;
	char *room = out->scratch + out->used;

	if (out->used + size > SCRATCH)
		return out->scratch + SCRATCH; /* where nothing else is */
	memset(room, 0, size);
	out->used += size;
	return room;
}

/* Prints behind what is used, which then ends with the text's NUL. */
static size_t print(struct description *out, const char *fmt, va_list ap)
{
	size_t room = SCRATCH - out->used;
	int len = room ? vsnprintf(out->scratch + out->used, room, fmt, ap) : 0;

	if (len < 0)
		len = 0;
	if ((size_t)len >= room)
		len = room ? (int)room - 1 : 0;
	out->used += (size_t)len + (room != 0);
	return (size_t)len;
}

const char *filler_print(struct filler *filler, const char *fmt, ...)
{
	const char *text = filler->out->used < SCRATCH ?
				   filler->out->scratch + filler->out->used : "";
	va_list ap;

	va_start(ap, fmt);
	print(filler->out, fmt, ap);
	va_end(ap);
	return text;
}

void filler_more(struct filler *filler, const char *fmt, ...)
{
	va_list ap;

	filler->out->used -= filler->out->used != 0; /* the NUL */
	va_start(ap, fmt);
	print(filler->out, fmt, ap);
	va_end(ap);
}

void filler_name(struct filler *filler, const char *fmt, ...)
{
	struct description *out = filler->out;
	va_list ap;

	out->name = out->scratch + (out->used < SCRATCH ? out->used : 0);
	va_start(ap, fmt);
	out->name_len = print(out, fmt, ap);
	va_end(ap);
}

void filler_address(struct filler *filler, const char *name, const char *address_key,
		    const char *port_key, bool labels)
{
	const struct value *value = filler_text(filler, name);

	if (!value || !value->len)
		return;
	const char *at = value->text, *end = at + value->len;
	const char *colon = memrchr(at, ':', value->len);
	const char *bracket = memchr(at, ']', value->len);
	int64_t port = 0;

	if (colon && (bracket ? colon < bracket : colon != memchr(at, ':', value->len)))
		colon = NULL; /* an IPv6 address without a port */
	for (const char *c = colon ? colon + 1 : end; c < end && *c >= '0' && *c <= '9'; c++)
		port = port * 10 + (*c - '0') < 65536 ? port * 10 + (*c - '0') : 0;
	if (*at == '[' && bracket) {
		at++;
		end = bracket;
	} else if (colon) {
		end = colon;
	}
	(labels ? filler_label : filler_put)(filler, address_key, at, (size_t)(end - at));
	if (port)
		(labels ? filler_label_number : filler_put_number)(filler, port_key, port);
}

/* Types that any error can have. */
static bool tells_nothing(const char *type)
{
	return !strcmp(type, "*errors.errorString") || !strncmp(type, "*fmt.wrapError", 14) ||
	       !strcmp(type, "*errors.joinError");
}

/* What an error is, by its text or the name of its type (NULL: not known); few different
 * ones, as error.type is for grouping. */
static const char *error_type(const char *text, size_t len, const char *type)
{
	static const char *const types[][2] = {
		{ "context deadline exceeded", "context.DeadlineExceeded" },
		{ "context canceled", "context.Canceled" },
		{ "i/o timeout", "timeout" },
		{ "connection refused", "ECONNREFUSED" },
		{ "connection reset by peer", "ECONNRESET" },
		{ "no such host", "no_such_host" },
		{ "driver: bad connection", "driver.ErrBadConn" },
		{ "sql: database is closed", "sql.ErrConnDone" },
		{ "unexpected EOF", "io.ErrUnexpectedEOF" },
		{ "no such file or directory", "ENOENT" },
		{ "permission denied", "EACCES" },
		{ NULL, NULL },
	};

	for (int i = 0; types[i][0]; i++)
		if (memmem(text, len, types[i][0], strlen(types[i][0])))
			return types[i][1];
	return type && !tells_nothing(type) ? type : "_OTHER";
}

void filler_failed(struct filler *filler, const char *text, size_t len, const char *type)
{
	type = error_type(text, len, type);
	filler->out->failed = true;
	if (!filler_find(filler, "error.type"))
		filler_label(filler, "error.type", type, strlen(type));
	if (!len || filler->semconv->no_error_text)
		return;
	filler->out->message = text;
	filler->out->message_len = len;
}

static bool is_end_of_file(const struct value *err)
{
	return err->text && err->len == 3 && !memcmp(err->text, "EOF", 3);
}

void filler_error(struct filler *filler)
{
	const struct value *err = event_value(filler->event, "err");
	const struct value *text = filler_text(filler, "err_text");

	if (!err || err->kind != VALUE_ERROR || err->unread || !err->u || is_end_of_file(err))
		return;
	if (text && text->len)
		filler_failed(filler, text->text, text->len, err->type_name);
	else
		filler_failed(filler, err->text ? err->text : "", err->text ? err->len : 0,
			      err->type_name);
}

/* Arguments by which the attributes of definitions are found, the likeliest first. */
static const char *const sources[][2] = {
	{ "http.request.method", "method" }, { "http.route", "pattern" },
	{ "http.response.status_code", "status" }, { "url.path", "path" },
	{ "url.path", "uri" }, { "url.scheme", "scheme" },
	{ "http.request.body.size", "content_length" },
	{ "http.response.body.size", "written" },
	{ "server.address", "host" }, { "server.address", "addr" },
	{ "server.address", "address" }, { "server.address", "server" },
	{ "server.address", "sni" }, { "server.address", "server_name" },
	{ "client.address", "remote_addr" }, { "file.path", "name" }, { "file.path", "path" },
	{ "file.path", "old" }, { "file.path", "dir" }, { "file.size", "size" },
	{ "file.size", "n" }, { "file.size", "len" }, { "dns.question.name", "name" },
	{ "dns.question.name", "host" }, { "db.query.text", "query" },
	{ "network.transport", "network" }, { "network.peer.port", "port" },
	{ "rpc.method", "method" }, { "process.pid", "pid" }, { "process.exit.code", "code" },
	{ "process.executable.path", "path" }, { "process.working_directory", "dir" },
	{ "test.case.name", "name" }, { "exception.message", "message" },
	{ "exception.type", "value" }, { "network.peer.address", "ip" },
	{ "tls.resumed", "resumed" }, { "tls.next_protocol", "alpn" },
};

static bool lists(const char *names, const char *wanted)
{
	const char *name;
	int len;

	while (def_next_name(&names, &name, &len))
		if (strlen(wanted) == (size_t)len && !memcmp(name, wanted, (size_t)len))
			return true;
	return false;
}

static int by_name(const void *key, const void *element)
{
	const struct list_probe *listed = key;
	const struct def_probe *probe = element;
	int order = strcmp(listed->provider, probe->provider);

	return order ? order : strcmp(listed->name, probe->name);
}

static const char *listed_names(const struct filler *filler, const struct session_probe *probe)
{
	const struct def_set *set = filler->semconv->definitions;
	const struct def_probe *found = NULL;

	if (probe)
		found = bsearch(probe->listed, set->probes, set->nprobes, sizeof(*set->probes),
				by_name);
	return found ? found->otel : "";
}

/* goprobes.NAME for arguments that no convention names. */
static const char *attribute_of(struct filler *filler, const char *start, const char *end,
				const char *name)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(sources[i][1], name) && !filler_find(filler, sources[i][0]) &&
		    (lists(start, sources[i][0]) || lists(end, sources[i][0])))
			return sources[i][0];
	return filler_print(filler, "goprobes.%s", name);
}

static void put_value(struct filler *filler, const char *key, const struct value *value)
{
	struct attr *attr;
	char *room;

	if (!strcmp(key, "server.address") || !strcmp(key, "client.address")) {
		filler_address(filler, value->name, key,
			       *key == 's' ? "server.port" : "client.port", false);
		return;
	}
	switch (value->kind) {
	case VALUE_STRING:
	case VALUE_ENUM:
		if (value->text)
			filler_put(filler, key, value->text, value->len);
		else
			filler_put_number(filler, key, (int64_t)value->u);
		break;
	case VALUE_BOOL:
		attr = add(filler, key);
		attr->number = value->u != 0;
		attr->is_bool = true;
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DURATION:
	case VALUE_SLICE:
		filler_put_number(filler, key, value->i);
		break;
	case VALUE_IP:
		room = filler_room(filler, VALUE_IP_SIZE);
		filler_put(filler, key, room, strlen(value_ip(value, room)));
		break;
	case VALUE_INTERFACE:
		if (value->type_name)
			filler_put(filler, key, value->type_name, strlen(value->type_name));
		break;
	default: /* addresses, bytes and errors say nothing outside of the program */
		break;
	}
}

void filler_general(struct filler *filler)
{
	const struct event *event = filler->event;
	const char *start = listed_names(filler, event->start);
	const char *end = listed_names(filler, event->probe);

	filler->out->instrument = event->start ? SPAN_DURATION : EVENT_COUNT;
	filler_name(filler, "%s:%s", event->provider, event->name);
	filler_label(filler, "goprobes.probe", filler->out->name, filler->out->name_len);
	for (size_t i = 0; i < event->nvalues; i++) {
		const struct value *value = &event->values[i];

		if (value->unread || !strcmp(value->name, "err_text"))
			continue;
		if (!strcmp(value->name, "query") && !filler->semconv->query_text)
			continue;
		put_value(filler, attribute_of(filler, start, end, value->name), value);
	}
	filler_error(filler);
}
