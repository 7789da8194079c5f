/* SPDX-License-Identifier: MIT */
/*
 * gohttphist - Shows how long a Go HTTP server's requests take, as histograms by route.
 *
 * USAGE: gohttphist [-u] [-s] [-n ROWS] [-i SECONDS] [-d SECONDS] FILE | -p PID
 *
 * The kernel counts; nothing is handed out for each request. A route is the pattern that a
 * http.ServeMux chose; a program with another router has none, and -u then tells requests
 * apart by the path of their URL. -s also does by status (2xx, 5xx). The busiest come first.
 * Requests that are not answered, because their handler panicked, are not counted.
 *
 * PROBES: net_http:server_request_start and _end; net_http:server_route for routes.
 *
 * EXAMPLE: gohttphist -s -i 5 ./shop       all since the start, every five seconds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gohttphist.h"
#include "bpf-scripts/gohttphist.skel.h"

static const struct front_probe probes[] = {
	{ "request_start", "net_http", "server_request_start", NEED, 0, 0 },
	{ "route_chosen", "net_http", "server_route", EXTRA, 0, 0 },
	{ "request_end", "net_http", "server_request_end", NEED, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'u', OPTION_FLAG, NULL, "by path of the URL instead of by route", FLAG_PATH },
	{ 's', OPTION_FLAG, NULL, "also by class of the status", FLAG_STATUS },
	{ 'n', OPTION_ROWS, "ROWS", "only the busiest ones", 0 },
	{ 'i', OPTION_INTERVAL, "SECONDS", "print every so often, not only at the end", 0 },
	{ 0 },
};

struct row {
	struct route route;
	struct latency latency;
};

static int busier(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->latency.count < b->latency.count) - (a->latency.count > b->latency.count);
}

static void print_row(const struct row *row)
{
	const struct latency *l = &row->latency;

	print_text(row->route.method, (uint32_t)strnlen(row->route.method, METHOD_SIZE),
		   METHOD_SIZE);
	putchar(' ');
	if (row->route.text[0])
		print_text(row->route.text, (uint32_t)strnlen(row->route.text, ROUTE_SIZE),
			   ROUTE_SIZE);
	else
		printf("(no route)");
	if (row->route.status_class)
		printf("  %uxx", row->route.status_class);
	printf("  count %llu, 5xx %llu, mean %.3f ms, max %.3f ms\n",
	       (unsigned long long)l->count, (unsigned long long)l->errors,
	       (double)l->sum_ns / (double)l->count / 1e6, (double)l->max_ns / 1e6);
	print_histogram((const uint64_t *)l->slots, SLOTS, "us");
	putchar('\n');
}

static void report(struct run *run)
{
	void *rows;
	size_t n = run_table(run, "latencies", sizeof(struct route), sizeof(struct latency), busier,
			     &rows);

	for (size_t i = 0; i < n; i++)
		print_row((const struct row *)rows + i);
	free(rows);
}

static void attached(struct run *run)
{
	if (!run_has(run, "route_chosen") && !(run_settings(run)->flags & FLAG_PATH))
		fputs("gohttphist: the file has no net_http:server_route: use -u for paths\n",
		      stderr);
}

static const struct front front = {
	.name = "gohttphist",
	.purpose = "shows how long a Go HTTP server's requests take, as histograms by route",
	.watching = "Counting HTTP requests",
	.elf = gohttphist__elf_bytes,
	.probes = probes,
	.options = options,
	.report = report,
	.attached = attached,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
