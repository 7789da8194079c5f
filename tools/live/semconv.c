/* SPDX-License-Identifier: MIT */
/* What an event is called in OpenTelemetry's semantic conventions. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "live/semconv.h"
#include "live/semconv_attrs.h"

/* A rule's function fills what is special; the rest is the same for all. */
typedef void fill_fn(struct filler *filler);

static void put_method(struct filler *filler)
{
	static const char *const known[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
		"QUERY", NULL,
	};
	const struct value *value = filler_text(filler, "method");
	const char *text = value && value->len ? value->text : "GET"; /* empty means GET */
	size_t len = value && value->len ? value->len : 3;

	for (int i = 0; known[i]; i++)
		if (strlen(known[i]) == len && !memcmp(known[i], text, len)) {
			filler_label(filler, "http.request.method", text, len);
			return;
		}
	filler_label(filler, "http.request.method", "_OTHER", 6);
	filler_put(filler, "http.request.method_original", text, len);
}

/* "GET /items/{id}"; "HTTP" stands for a method that is not known. */
static void name_http(struct filler *filler, const char *route, size_t route_len)
{
	const struct attr *method = filler_find(filler, "http.request.method");
	bool other = method->text[0] == '_';

	filler_name(filler, "%.*s%s%.*s", other ? 4 : (int)method->len,
		    other ? "HTTP" : method->text, route_len ? " " : "", (int)route_len, route);
}

static void put_status(struct filler *filler, int64_t status, int64_t failed_from)
{
	if (status)
		filler_label_number(filler, "http.response.status_code", status);
	if (status < failed_from)
		return;
	filler->out->failed = true;
	const char *text = filler_print(filler, "%" PRId64, status);

	filler_label(filler, "error.type", text, strlen(text));
}

/* Values of these keys of a query are signatures and the like (url.query's definition). */
static bool is_secret_key(const char *key, size_t len)
{
	static const char *const keys[] = { "AWSAccessKeyId", "Signature", "sig",
					    "X-Goog-Signature", NULL };

	for (int i = 0; keys[i]; i++)
		if (strlen(keys[i]) == len && !memcmp(keys[i], key, len))
			return true;
	return false;
}

static void put_query(struct filler *filler, const char *query, size_t len)
{
	char *made = filler->out->scratch + filler->out->used;
	size_t n = 0, room = SCRATCH - filler->out->used;

	for (const char *at = query, *end = query + len; at < end;) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		size_t part = (size_t)((stop ? stop + 1 : end) - at);
		const char *sign = memchr(at, '=', part);
		bool secret = sign && is_secret_key(at, (size_t)(sign - at));
		size_t keep = secret ? (size_t)(sign + 1 - at) : part;

		if (n + keep + 10 > room)
			return;
		memcpy(made + n, at, keep);
		n += keep;
		if (secret)
			n += (size_t)sprintf(made + n, "REDACTED%s", stop ? "&" : "");
		at += part;
	}
	filler->out->used += n;
	filler_put(filler, "url.query", made, n);
}

/* "/path?query", or a whole URL for a proxy request. */
static void put_target(struct filler *filler)
{
	const struct value *uri = filler_text(filler, "uri");

	if (!uri)
		return;
	const char *at = uri->text, *end = at + uri->len;
	const char *mark = memchr(at, '?', uri->len);
	const char *path_end = mark ? mark : end;

	if (at < path_end && *at != '/') {
		const char *slashes = memmem(at, (size_t)(path_end - at), "://", 3);
		const char *path = slashes ? memchr(slashes + 3, '/',
						    (size_t)(path_end - slashes - 3)) : NULL;

		at = path ? path : at;
	}
	filler_put(filler, "url.path", at, (size_t)(path_end - at));
	if (mark && mark + 1 < end)
		put_query(filler, mark + 1, (size_t)(end - mark - 1));
}

/* The pattern "GET example.org/items/{id}" without method and host. */
static void put_route(struct filler *filler)
{
	const char *pattern = filler->request ? filler->request->route : NULL;
	const char *route = pattern ? strchr(pattern, '/') : NULL;
	size_t len = route ? strlen(route) : 0;

	if (len)
		filler_label(filler, "http.route", route, len);
	name_http(filler, route ? route : "", len);
}

static void fill_http_server(struct filler *filler)
{
	int64_t status = filler_number(filler, "status", 0);
	int64_t major = filler_number(filler, "proto_major", 0);
	int64_t size = filler_number(filler, "content_length", -1);

	filler->out->kind = SPAN_SERVER;
	filler->out->instrument = HTTP_SERVER_DURATION;
	put_method(filler);
	put_route(filler);
	put_target(filler);
	filler_address(filler, "host", "server.address", "server.port", false);
	filler_address(filler, "remote_addr", "client.address", "client.port", false);
	/* HTTP/1.0 and 1.1 are not told apart. */
	if (major == 2)
		filler_label(filler, "network.protocol.version", "2", 1);
	put_status(filler, status || major != 2 ? status : 200, 500);
	if (size >= 0)
		filler_put_number(filler, "http.request.body.size", size);
	filler_put_number(filler, "http.response.body.size",
			  filler_number(filler, "written", 0));
}

/* scheme://host/path, with those bytes escaped that a URL cannot have. */
static void put_full_url(struct filler *filler)
{
	const struct value *scheme = filler_text(filler, "scheme");
	const struct value *host = filler_text(filler, "host");
	const struct value *path = filler_text(filler, "path");

	if (!scheme || !host || !scheme->len || !host->len)
		return;
	const char *url = filler_print(filler, "%.*s://%.*s", (int)scheme->len, scheme->text,
				       (int)host->len, host->text);

	for (size_t i = 0; path && i < path->len; i++) {
		unsigned char c = (unsigned char)path->text[i];
		bool plain = isalnum(c) || strchr("/-._~!$&'()*+,;=:@", c);

		filler_more(filler, c && plain ? "%c" : "%%%02X", c);
	}
	filler_put(filler, "url.full", url, strlen(url));
}

static void fill_http_client(struct filler *filler)
{
	int64_t status = filler_number(filler, "status", 0);

	filler->out->kind = SPAN_CLIENT;
	filler->out->instrument = HTTP_CLIENT_DURATION;
	put_method(filler);
	name_http(filler, "", 0);
	put_full_url(filler);
	filler_address(filler, "host", "server.address", "server.port", true);
	put_status(filler, status, 400);
	filler_error(filler);
}

static void fill_database(struct filler *filler)
{
	const struct value *query = filler_text(filler, "query");
	char *operation = filler_room(filler, 64), *collection = filler_room(filler, 64);

	filler->out->kind = SPAN_CLIENT;
	filler->out->instrument = DB_CLIENT_DURATION;
	filler_label(filler, "db.system.name", "other_sql", 9);
	semconv_statement(query ? query->text : "", query ? query->len : 0, operation,
			  collection, 64);
	if (*operation)
		filler_label(filler, "db.operation.name", operation, strlen(operation));
	if (*collection)
		filler_put(filler, "db.collection.name", collection, strlen(collection));
	filler_name(filler, "%s%s%s", *operation ? operation : "other_sql",
		    *operation && *collection ? " " : "", *operation ? collection : "");
	if (query && filler->semconv->query_text)
		filler_put(filler, "db.query.text", query->text, query->len);
	filler_error(filler);
}

/* What begins, commits, rolls back, prepares or pings has no statement, but is one. */
static void fill_transaction(struct filler *filler)
{
	static const char *const names[][2] = {
		{ "tx_begin", "BEGIN" }, { "tx_commit", "COMMIT" }, { "tx_rollback", "ROLLBACK" },
		{ "ping", "PING" }, { NULL, NULL },
	};
	const struct value *text = filler_text(filler, "err_text");
	static const char done[] = "sql: transaction has already been committed or rolled back";

	filler->out->kind = SPAN_CLIENT;
	filler->out->instrument = DB_CLIENT_DURATION;
	filler_label(filler, "db.system.name", "other_sql", 9);
	for (int i = 0; names[i][0]; i++)
		if (!strcmp(filler->event->name, names[i][0])) {
			filler_label(filler, "db.operation.name", names[i][1],
				     strlen(names[i][1]));
			filler_name(filler, "%s", names[i][1]);
		}
	/* The deferred Rollback that follows each Commit does nothing. */
	if (!strcmp(filler->event->name, "tx_rollback") && text && text->len == strlen(done) &&
	    !memcmp(text->text, done, text->len))
		filler->out->skip = true;
	filler_error(filler);
}

static void fill_rpc(struct filler *filler, enum span_kind kind, enum instrument instrument)
{
	const struct value *method = filler_text(filler, "method");

	filler->out->kind = kind;
	filler->out->instrument = instrument;
	filler_label(filler, "rpc.system.name", "go_net_rpc", 10);
	if (!method)
		return;
	filler_label(filler, "rpc.method", method->text, method->len);
	filler_name(filler, "%.*s", (int)method->len, method->text);
}

static void fill_rpc_server(struct filler *filler)
{
	fill_rpc(filler, SPAN_SERVER, RPC_SERVER_DURATION);
	if (filler->request && filler->request->error)
		filler_failed(filler, filler->request->error, strlen(filler->request->error), NULL);
}

static void fill_rpc_client(struct filler *filler)
{
	fill_rpc(filler, SPAN_CLIENT, RPC_CLIENT_DURATION);
	filler_error(filler);
}

static bool is_address(const struct value *host)
{
	char text[INET6_ADDRSTRLEN + 1] = "", *zone;
	uint8_t address[sizeof(struct in6_addr)];

	if (host->len >= sizeof(text))
		return false;
	memcpy(text, host->text, host->len);
	zone = strchr(text, '%');
	if (zone)
		*zone = '\0';
	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static void fill_dns(struct filler *filler)
{
	const struct value *host = filler_text(filler, "host");

	/* Dialling an address goes this way, too, without asking anybody. */
	if (!host || !host->len || is_address(host))
		filler->out->skip = true;
	filler->out->kind = SPAN_CLIENT;
	filler->out->instrument = DNS_LOOKUP_DURATION;
	filler_name(filler, "dns.lookup");
	if (host)
		filler_put(filler, "dns.question.name", host->text, host->len);
	filler_error(filler);
}

static void fill_handshake(struct filler *filler)
{
	const struct value *name = filler_text(filler, "server_name");
	bool client = filler_number(filler, "is_client", 0);

	filler->out->kind = client ? SPAN_CLIENT : SPAN_SERVER;
	filler->out->instrument = TLS_HANDSHAKE_DURATION;
	filler_name(filler, "tls.handshake");
	filler_label(filler, "goprobes.tls.side", client ? "client" : "server", 6);
	if (name && name->len)
		filler_put(filler, "server.address", name->text, name->len);
	filler_error(filler);
}

static void fill_world_stop(struct filler *filler)
{
	static const char *const reasons[] = {
		"unknown", "GC mark termination", "GC sweep termination", "heap dump",
		"goroutine profile", "goroutine profile clean-up", "all goroutines' stacks",
		"ReadMemStats", "all-threads syscall", "GOMAXPROCS", "start trace", "stop trace",
	};
	int64_t reason = filler_number(filler, "reason", 0);
	const char *text = reason >= 0 && reason < (int64_t)(sizeof(reasons) / sizeof(*reasons)) ?
				   reasons[reason] : reasons[0];

	filler->out->instrument = WORLD_STOP_DURATION;
	filler_name(filler, "stop the world");
	filler_label(filler, "goprobes.reason", text, strlen(text));
}

static const struct rule {
	const char *provider, *name;
	fill_fn *fill;
} rules[] = {
	{ "net_http", "server_request", fill_http_server },
	{ "net_http", "client_request", fill_http_client },
	{ "database_sql", "query", fill_database },
	{ "database_sql", "exec", fill_database },
	{ "database_sql", "stmt_query", fill_database },
	{ "database_sql", "stmt_exec", fill_database },
	{ "database_sql", "tx_begin", fill_transaction },
	{ "database_sql", "tx_commit", fill_transaction },
	{ "database_sql", "tx_rollback", fill_transaction },
	{ "database_sql", "ping", fill_transaction },
	{ "net_rpc", "server_call", fill_rpc_server },
	{ "net_rpc", "client_call", fill_rpc_client },
	{ "net", "dns", fill_dns },
	{ "crypto_tls", "handshake", fill_handshake },
	{ "runtime", "stw", fill_world_stop },
};

void semconv_describe(const struct semconv *semconv, const struct event *event,
		      const struct request *request, struct description *description_ret)
{
	struct filler filler = { semconv, event, request, description_ret };

	description_ret->nattrs = description_ret->used = description_ret->name_len = 0;
	description_ret->skip = description_ret->failed = false;
	description_ret->message = NULL;
	description_ret->kind = SPAN_INTERNAL;
	for (size_t i = 0; event->start && i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!strcmp(event->provider, rules[i].provider) &&
		    !strcmp(event->name, rules[i].name)) {
			rules[i].fill(&filler);
			return;
		}
	filler_general(&filler);
}
