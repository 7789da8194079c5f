/* SPDX-License-Identifier: MIT */
/*
 * goconnlife - Prints each connection of a Go HTTP server when it is over.
 *
 * USAGE: goconnlife [-m MS] [-d SECONDS] FILE | -p PID
 *
 * The peer, the version of HTTP, how long the connection lived, how many requests it carried,
 * how long handlers worked for it, and the bytes of the answers' bodies (both HTTP/1 only: -
 * for HTTP/2). A client without keep-alive shows as many short lives with one request each.
 * "hijacked" means that a handler took the connection over (WebSocket): it lives on.
 *
 * PROBES: net_http:server_conn_start and _end; server_conn_state for the peer;
 * server_request_start and _end, server_h2_stream_close for requests.
 *
 * EXAMPLE: goconnlife -m 60000 ./shop       connections that lived for a minute and more
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/goconnlife.h"
#include "bpf-scripts/goconnlife.skel.h"

static const struct front_probe probes[] = {
	{ "conn_end", "net_http", "server_conn_end", NEED, 0, 0 },
	{ "conn_state", "net_http", "server_conn_state", EXTRA, 0, 0 },
	{ "request_end", "net_http", "server_request_end", EXTRA, 0, 0 },
	{ "request_start", "net_http", "server_request_start", EXTRA, 0, 0 },
	{ "stream_close", "net_http", "server_h2_stream_close", EXTRA, 0, 0 },
	{ "conn_start", "net_http", "server_conn_start", NEED, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'm', OPTION_MIN_MS, "MS", "connections that lived at least so long", 0 },
	{ 0 },
};

static void print(struct run *run, const void *data)
{
	const struct life *l = data;

	print_head(run, &l->head);
	PRINT_PADDED(l->remote, 21);
	printf("%u %12.3f %8llu ", l->head.kind, (double)l->duration / 1e6,
	       (unsigned long long)l->requests);
	if (l->head.kind == 1)
		printf("%12.3f %10llu%s\n", (double)l->busy / 1e6,
		       (unsigned long long)l->written, l->hijacked ? " hijacked" : "");
	else
		printf("%12s %10s\n", "-", "-");
}

static const struct front front = {
	.name = "goconnlife",
	.purpose = "prints each connection of a Go HTTP server when it is over",
	.watching = "HTTP connections",
	.elf = goconnlife__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS "CLIENT                V      LIFE MS REQUESTS      BUSY MS "
			   "      SENT",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
