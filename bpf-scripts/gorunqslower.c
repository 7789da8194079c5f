/* SPDX-License-Identifier: MIT */
/*
 * gorunqslower - Prints goroutines that could run but waited long for a processor.
 *
 * USAGE: gorunqslower [-m US] [-d SECONDS] FILE | -p PID
 *
 * A line comes when the goroutine runs at last: how long it had waited in a run queue, why it
 * could run (another goroutine woke it or made it, it yielded, it was preempted), which one
 * that was, and the function that the goroutine started with. Many lines mean that the
 * program has more work than GOMAXPROCS, or than the CPU quota of its container. Goroutines
 * that the network woke are not seen: Go makes them runnable in bulk.
 *
 * PROBES: runtime:goroutine_ready, goroutine_create, goroutine_run; goroutine_yield.
 *
 * EXAMPLE: gorunqslower -m 20000 ./shop       waits of 20 ms and more (10 ms without -m)
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gorunqslower.h"
#include "bpf-scripts/gorunqslower.skel.h"

static const struct front_probe probes[] = {
	{ "goroutine_ready", "runtime", "goroutine_ready", NEED, 0, 0 },
	{ "goroutine_create", "runtime", "goroutine_create", NEED, 0, 0 },
	{ "goroutine_yield", "runtime", "goroutine_yield", EXTRA, 0, 0 },
	{ "goroutine_run", "runtime", "goroutine_run", NEED, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'm', OPTION_MIN_US, "US", "waits of at least so many microseconds (default 10000)", 0 },
	{ 0 },
};

static const char *const causes[] = {
	[WOKEN] = "woken", [CREATED] = "created", [YIELDED] = "yielded",
	[PREEMPTED] = "preempted",
};

static void print(struct run *run, const void *data)
{
	const struct delay *d = data;

	print_head(run, &d->head);
	printf("%10.1f %-9s %-8llu %s\n", (double)d->duration / 1e3, causes[d->head.kind & 3],
	       (unsigned long long)d->by, run_function(run, d->head.pid, d->start_pc));
}

static const struct front front = {
	.name = "gorunqslower",
	.purpose = "prints goroutines that could run but waited long for a processor",
	.watching = "Run queues",
	.min_ns = 10000000,
	.elf = gorunqslower__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS "        US CAUSE     BY       FUNCTION",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
