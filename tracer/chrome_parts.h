/* SPDX-License-Identifier: MIT */
/* Shared by tracer/chrome.c, which collects events, and tracer/chrome_write.c. */
#ifndef TRACER_CHROME_PARTS_H
#define TRACER_CHROME_PARTS_H

#include "tracer/chrome.h"
#include "tracer/lanes.h"

#define TIME_OPEN UINT64_MAX /* an end that is not there yet */

/* In the order in which they are drawn. */
enum track_kind { TRACK_CAUSE, TRACK_STW, TRACK_GC, TRACK_NOBODY, TRACK_GOROUTINE };

struct track {
	int pid;
	enum track_kind kind;
	uint64_t goid;       /* of TRACK_GOROUTINE; else 0 */
	char *function;      /* that the goroutine started with, or NULL; owned */
	uint64_t ready;      /* when it was last made runnable and not seen to run; 0 = never */
	uint32_t ready_item;
	uint64_t last;       /* end of its latest event */
	uint32_t nlanes;
	uint32_t tid;        /* of its first lane */
	uint32_t more_tids;  /* of its second one; the others follow */
	uint32_t rank;       /* place among all tracks */
};

/* A span or a moment of one track. */
struct item {
	struct lanes_span span; /* a moment ends when it starts */
	uint32_t track;
	uint32_t text_len;
	size_t text;         /* in `texts`: "name":...,"cat":...,"args":{...} */
	uint32_t from, to;   /* 1 + index of the item that an arrow comes from, or goes to */
	bool is_span, failed;
};

struct process {
	int pid;
	char *name; /* owned */
};

struct chrome {
	chrome_symbol_fn *symbol;
	void *context;
	uint64_t from;
	struct track *tracks;
	size_t ntracks, tracks_cap;
	uint32_t *slots; /* hash of tracks: 1 + index, 0 = free */
	size_t nslots;
	struct item *items;
	size_t nitems, items_cap;
	struct process *processes;
	size_t nprocesses, processes_cap;
	struct buf texts, notes;
	size_t nevents;
	uint64_t start, end;
};

#endif
