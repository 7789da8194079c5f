/* SPDX-License-Identifier: MIT */
/*
 * gogcsnoop - Prints each garbage collection of a Go program, as GODEBUG=gctrace=1 would.
 *
 * USAGE: gogcsnoop [-m MS] [-d SECONDS] FILE | -p PID
 *
 * A line comes when the world runs again after marking: why the cycle began, how long it took,
 * its two stops of the world (STOP1, STOP2, from the request to stop until all run again), the
 * heap when it began, before and after marking and the goal (MB of 10^6 bytes), and the
 * processor time that goroutines which allocate (ASSIST), workers (MARK) and idle processors
 * (IDLE) spent on marking. Nothing need be set in the program's environment.
 *
 * PROBES: runtime:gc_start and gc_end; stw_start and stw_end for STOP1 and STOP2; gc_live for
 * the heap; gc_mark_done for the processor time.
 *
 * EXAMPLE: gogcsnoop -p 4711
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gogcsnoop.h"
#include "bpf-scripts/gogcsnoop.skel.h"

static const struct front_probe probes[] = {
	{ "gc_end", "runtime", "gc_end", NEED, 0, 0 },
	{ "stw_end", "runtime", "stw_end", EXTRA, 0, 0 },
	{ "gc_live", "runtime", "gc_live", EXTRA, 0, 0 },
	{ "gc_mark_done", "runtime", "gc_mark_done", EXTRA, 0, 0 },
	{ "gc_start", "runtime", "gc_start", NEED, 0, 0 },
	{ "stw_start", "runtime", "stw_start", EXTRA, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'm', OPTION_MIN_MS, "MS", "cycles that took at least so long", 0 },
	{ 0 },
};

static const char *const triggers[] = { "heap", "time", "forced" };

static double mega(__u64 bytes)
{
	return (double)bytes / 1e6;
}

static double milli(__u64 ns)
{
	return (double)ns / 1e6;
}

static void print(struct run *run, const void *data)
{
	const struct cycle *c = data;

	print_head(run, &c->head);
	printf("%6llu %-7s %9.3f %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %8.2f %8.2f %8.2f\n",
	       (unsigned long long)c->number, c->trigger < 3 ? triggers[c->trigger] : "?",
	       milli(c->duration), (double)c->pauses[0] / 1e3, (double)c->pauses[1] / 1e3,
	       mega(c->heap_start), mega(c->heap_before), mega(c->heap_live), mega(c->goal),
	       milli(c->assist), milli(c->dedicated + c->fractional), milli(c->idle));
}

static const struct front front = {
	.name = "gogcsnoop",
	.purpose = "prints each garbage collection of a Go program, as GODEBUG=gctrace=1 would",
	.watching = "Garbage collections",
	.elf = gogcsnoop__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS " CYCLE CAUSE          MS  STOP1 us  STOP2 us  START MB "
			   "BEFORE MB   LIVE MB   GOAL MB ASSISTms  MARK ms  IDLE ms",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
