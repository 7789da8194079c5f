/* SPDX-License-Identifier: MIT */
/* Stacks with values, each stack once: what the writers of profiles print. */
#ifndef TRACER_PROFILE_H
#define TRACER_PROFILE_H

#include "base/buf.h"
#include "base/err.h"
#include "tracer/set.h"
#include "tracer/symbolise.h"

#define PROFILE_VALUES 2
#define PROFILE_LABELS 3

struct profile_type {
	const char *name; /* "delay" */
	const char *unit; /* "nanoseconds", "bytes", "count" */
};

struct profile_label {
	const char *name; /* "reason"; borrowed */
	char *text;       /* "chan receive" */
};

struct profile_sample {
	const struct symplace **places; /* innermost first */
	size_t nplaces;
	struct profile_label labels[PROFILE_LABELS];
	size_t nlabels;
	double values[PROFILE_VALUES];
};

struct profile {
	struct profile_type types[PROFILE_VALUES];
	size_t ntypes;           /* the last is the one that counts most */
	uint64_t time_ns;        /* CLOCK_REALTIME of its start */
	uint64_t duration_ns;
	uint64_t period;         /* of a sampled profile: bytes per sample; 0 = all are there */
	char *title;             /* "runtime:goroutine_park, delay" */
	struct profile_sample **samples;
	size_t nsamples, cap;
	struct set known;        /* the same samples, by stack and labels */
	const struct symboliser *symboliser; /* borrowed; owns the places */
};

void profile_start(struct profile *profile, const struct symboliser *symboliser);
void profile_free(struct profile *profile);

/*
 * Adds to the sample with the same places and labels, or makes one. What is passed is copied,
 * but the places themselves and the labels' names.
 */
void profile_add(struct profile *profile, const struct profile_sample *sample);

/* Sum of the samples' values of the last type. */
double profile_total(const struct profile *profile);

/* Sorts the samples: largest value of the last type first. Nothing can be added after it. */
void profile_sort(struct profile *profile);

/* A value with its unit: "1.25s", "3.2 MB", "17". */
void profile_put_value(struct buf *out, const struct profile_type *type, double value);

/*
 * The writers; each appends to `out`. Labels of a sample are outermost frames of their own,
 * "[reason: chan receive]", but in pprof's format, which has labels.
 */

/* One line per stack, "main.main;main.work;sync.(*Mutex).Lock 17", outermost frame first. */
void profile_put_folded(struct buf *out, const struct profile *profile);

/* A page of HTML with a flame graph, which needs nothing else. */
void profile_put_flame(struct buf *out, const struct profile *profile);

/* github.com/google/pprof/proto/profile.proto, compressed by gzip. */
struct err *profile_put_pprof(struct buf *out, const struct profile *profile);

/* The first `most` stacks (0 = all) as text for people. */
void profile_put_text(struct buf *out, const struct profile *profile, size_t most);

/* What a frame of a folded stack or of the flame graph is called; the caller owns it. */
char *profile_label_frame(const struct profile_label *label);

#endif
