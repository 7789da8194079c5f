/* SPDX-License-Identifier: MIT */
/*
 * gohttpsnoop - Prints each request that a Go HTTP server serves.
 *
 * USAGE: gohttpsnoop [-e] [-m MS] [-d SECONDS] FILE | -p PID
 *
 * A line comes when the response is complete: who asked, what, the status, how long it took,
 * and the bytes of the answer's body. Status "gone" means that no answer was completed: the
 * handler panicked, or took the connection over (WebSocket). A status of 0 (HTTP/2) means
 * that the handler wrote nothing; the client sees 200.
 *
 * PROBES: net_http:server_request_start and _end; for "gone" also server_conn_end and
 * server_h2_stream_end.
 *
 * EXAMPLE: gohttpsnoop -m 100 ./shop       requests of 100 ms and more
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gohttpsnoop.h"
#include "bpf-scripts/gohttpsnoop.skel.h"

static const struct front_probe probes[] = {
	{ "request_start", "net_http", "server_request_start", NEED, 0, 0 },
	{ "request_end", "net_http", "server_request_end", NEED, 0, 0 },
	{ "gone", "net_http", "server_conn_end", EXTRA, 0, 0 },
	{ "gone", "net_http", "server_h2_stream_end", EXTRA, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'e', OPTION_FLAG, NULL, "failures only: status 500 and above, and gone", FLAG_ERRORS },
	{ 'm', OPTION_MIN_MS, "MS", "requests that took at least so long", 0 },
	{ 0 },
};

static void print(struct run *run, const void *data)
{
	const struct request *r = data;

	print_head(run, &r->head);
	PRINT_PADDED(r->remote, 21);
	printf("%llu ", (unsigned long long)r->proto_major);
	PRINT_PADDED(r->method, 7);
	if (r->status < 0)
		printf("gone   ");
	else
		printf("%-6lld ", (long long)r->status);
	printf("%10.3f %9lld ", (double)r->duration / 1e6, (long long)r->written);
	PRINT_TEXT(r->host);
	PRINT_TEXT(r->uri);
	putchar('\n');
}

static const struct front front = {
	.name = "gohttpsnoop",
	.purpose = "prints each request that a Go HTTP server serves",
	.watching = "HTTP requests",
	.elf = gohttpsnoop__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS "CLIENT                V METHOD  STATUS         MS      SENT "
			   "HOST/URI",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
