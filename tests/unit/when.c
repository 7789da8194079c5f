/* SPDX-License-Identifier: MIT */
/* What the words of `probes record --when` stand for, and which probes they select. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "live/when.h"

static const struct list_probe probes[] = {
	{ .provider = "crypto_tls", .name = "handshake_start" },
	{ .provider = "database_sql", .name = "exec_start" },
	{ .provider = "database_sql", .name = "query_start" },
	{ .provider = "net_http", .name = "server_request_start" },
	{ .provider = "runtime", .name = "panic" },
	{ .provider = "runtime", .name = "stw_start" },
};

static const struct {
	const char *text;
	const char *condition; /* or the beginning of an error */
	const char *patterns;  /* each followed by a space; NULL: an error */
} cases[] = {
	{ "http latency > 500ms", "(net_http:server_request.duration > 500ms)",
	  "net_http:server_request_start " },
	{ "http  latency>=1s", "(net_http:server_request.duration >=1s)",
	  "net_http:server_request_start " },
	{ "sql latency > 1s",
	  "(database_sql:query.duration > 1s || database_sql:exec.duration > 1s)",
	  "database_sql:query_start database_sql:exec_start " },
	{ "gc pause > 10ms && status==200", "(runtime:stw.duration > 10ms) && status==200",
	  "runtime:stw_start " },
	{ "panic||http error", "(runtime:panic.goid >= 0)||(net_http:server_request.status >= 500)",
	  "runtime:panic net_http:server_request_start " },
	{ "!(tls error)", "!((crypto_tls:handshake.err))", "crypto_tls:handshake_start " },
	{ "error", "(net_http:server_request.status >= 500 || database_sql:query.err || "
	  "database_sql:exec.err || crypto_tls:handshake.err || runtime:panic.goid >= 0)",
	  "net_http:server_request_start database_sql:query_start database_sql:exec_start "
	  "crypto_tls:handshake_start runtime:panic " },
	/* What is no such word stays as it is; the probes it names are selected. */
	{ "duration > 1s", "duration > 1s", "" },
	{ "net:read.n > 9 || os:*.err", "net:read.n > 9 || os:*.err",
	  "net:read net:read_start os:* os:*_start " },
	{ "uri == 'panic || http error'", "uri == 'panic || http error'", "" },
	{ "errors > 1 && http_latency > 1", "errors > 1 && http_latency > 1", "" },
	{ "http latency", "condition 'http latency': say how long", NULL },
	{ "http latency > 500", "condition 'http latency > 500': say how long", NULL },
	{ "gc pause > 0", "(runtime:stw.duration > 0)", "runtime:stw_start " },
	{ "panic > 1s", "condition 'panic > 1s': 'panic' stands alone", NULL },
	{ "dns latency > 1s", "app has no probe for 'dns latency', such as net:dns; ", NULL },
};

static int check(size_t i, const struct target *target)
{
	struct when when;
	struct err *err = when_read(cases[i].text, target, &when);
	struct buf patterns = { 0 };
	int bad;

	for (size_t j = 0; j < when.npatterns; j++)
		buf_printf(&patterns, "%s ", when.patterns[j]);
	buf_u8(&patterns, 0);
	if (cases[i].patterns)
		bad = err || strcmp(when.condition, cases[i].condition) ||
		      strcmp((const char *)patterns.data, cases[i].patterns);
	else
		bad = !err || strncmp(err->message, cases[i].condition, strlen(cases[i].condition));
	if (bad)
		printf("%s: %s; %s\n", cases[i].text, err ? err->message : when.condition,
		       (const char *)patterns.data);
	err_free(err);
	buf_free(&patterns);
	when_free(&when);
	return bad;
}

int main(void)
{
	struct listing listing = { .probes = (struct list_probe *)probes,
				   .nprobes = sizeof(probes) / sizeof(probes[0]) };
	struct listing *listings[] = { &listing };
	struct target target = { .name = "app", .listings = listings, .nlistings = 1 };
	int failures = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		failures += check(i, &target);
	return failures != 0;
}
