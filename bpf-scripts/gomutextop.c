/* SPDX-License-Identifier: MIT */
/*
 * gomutextop - Shows which mutexes a Go program waits for, and where it does.
 *
 * USAGE: gomutextop [-m US] [-n ROWS] [-i SECONDS] [-d SECONDS] FILE | -p PID
 *
 * The kernel sums; nothing is handed out for each wait. Rows are sorted by the time waited in
 * all. MUTEX is its address (of a RWMutex, what writers wait for); the functions are the one
 * that called Lock and, behind <, the one that called it. A lock that is free costs nothing
 * and is not seen.
 *
 * PROBES: sync:mutex_wait_start and _end.
 *
 * EXAMPLE: gomutextop -n 10 -i 5 -p 4711       the worst ten since the start, every 5 s
 */
#include <stdio.h>
#include <stdlib.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gomutextop.h"
#include "bpf-scripts/gomutextop.skel.h"

static const struct front_probe probes[] = {
	{ "wait_start", "sync", "mutex_wait_start", NEED, 0, 0 },
	{ "wait_end", "sync", "mutex_wait_end", NEED, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'm', OPTION_MIN_US, "US", "leave out waits of fewer microseconds", 0 },
	{ 'n', OPTION_ROWS, "ROWS", "only the worst ones", 0 },
	{ 'i', OPTION_INTERVAL, "SECONDS", "print every so often, not only at the end", 0 },
	{ 0 },
};

struct row {
	struct place place;
	struct waits waits;
};

static int worse(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->waits.sum_ns < b->waits.sum_ns) - (a->waits.sum_ns > b->waits.sum_ns);
}

static void print_row(struct run *run, const struct row *row)
{
	const struct waits *w = &row->waits;

	printf("%-7u %-14llx %8llu %12.3f %10.3f %10.3f  ", row->place.pid,
	       (unsigned long long)row->place.mutex, (unsigned long long)w->count,
	       (double)w->sum_ns / 1e6, (double)w->sum_ns / (double)w->count / 1e6,
	       (double)w->max_ns / 1e6);
	/* A return address can lie behind its function, when that never comes back. */
	printf("%s", run_function(run, row->place.pid, row->place.callers[0] - 1));
	if (row->place.callers[1])
		printf(" < %s", run_function(run, row->place.pid, row->place.callers[1] - 1));
	putchar('\n');
}

static void report(struct run *run)
{
	void *rows;
	size_t n = run_table(run, "sums", sizeof(struct place), sizeof(struct waits), worse, &rows);

	puts("PID     MUTEX             WAITS     TOTAL MS    MEAN MS     MAX MS  LOCKED BY");
	for (size_t i = 0; i < n; i++)
		print_row(run, (const struct row *)rows + i);
	free(rows);
}

static const struct front front = {
	.name = "gomutextop",
	.purpose = "shows which mutexes a Go program waits for, and where it does",
	.watching = "Waits for mutexes",
	.elf = gomutextop__elf_bytes,
	.probes = probes,
	.options = options,
	.report = report,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
