/* SPDX-License-Identifier: MIT */
/*
 * goclientsnoop - Prints each HTTP request that a Go program makes of others.
 *
 * USAGE: goclientsnoop [-e] [-m MS] [-d SECONDS] FILE | -p PID
 *
 * A line comes when the response's headers are there, or the request failed: the status, the
 * time, how much of it went into getting a connection, whether that was reused or new, and the
 * URL without its query. Each hop of a redirect has a line. Over HTTP/2 a connection counts as
 * reused from its first request on, and later requests do not ask for one (-).
 *
 * PROBES: net_http:client_request_start and _end; client_conn_get_start and _end for CONN.
 *
 * EXAMPLE: goclientsnoop -e -p 4711       status 400 and above, and errors
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/goclientsnoop.h"
#include "bpf-scripts/goclientsnoop.skel.h"

static const struct front_probe probes[] = {
	{ "request_start", "net_http", "client_request_start", NEED, 0, 0 },
	{ "conn_get_start", "net_http", "client_conn_get_start", EXTRA, 0, 0 },
	{ "conn_get_end", "net_http", "client_conn_get_end", EXTRA, 0, 0 },
	{ "request_end", "net_http", "client_request_end", NEED, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'e', OPTION_FLAG, NULL, "failures only: status 400 and above, and errors",
	  FLAG_ERRORS },
	{ 'm', OPTION_MIN_MS, "MS", "requests that took at least so long", 0 },
	{ 0 },
};

static const char *const connections[] = {
	[CONN_UNKNOWN] = "-", [CONN_NEW] = "new", [CONN_REUSED] = "reused",
};

static void print(struct run *run, const void *data)
{
	const struct call *c = data;

	print_head(run, &c->head);
	printf("%6lld %10.3f %10.3f %-6s ", (long long)c->status, (double)c->duration / 1e6,
	       (double)c->conn_wait / 1e6, connections[c->connection % 3]);
	if (c->method.len)
		PRINT_PADDED(c->method, 7);
	else
		printf("%-7s ", "GET"); /* what net/http makes of an empty one */
	PRINT_TEXT(c->scheme);
	printf("://");
	PRINT_TEXT(c->host);
	PRINT_TEXT(c->path);
	if (c->failed)
		PRINT_ERROR(c->error);
	putchar('\n');
}

static const struct front front = {
	.name = "goclientsnoop",
	.purpose = "prints each HTTP request that a Go program makes of others",
	.watching = "Outgoing HTTP requests",
	.elf = goclientsnoop__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS "STATUS         MS    CONN MS CONN   METHOD  URL",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
