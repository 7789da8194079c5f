/* SPDX-License-Identifier: MIT */
/* The record that capture.bpf.c hands to capture.c, and the limits that both share. */
#ifndef TRUTH_EVENT_H
#define TRUTH_EVENT_H

#define MAX_WORDS 12
#define MAX_TEXTS 4
#define TEXT_BYTES 256
#define MAX_PROBES 256

/* What the kernel side must know of a probe. */
struct probe_shape {
	unsigned int nwords;
	unsigned int ntexts;
	unsigned char text_at[MAX_TEXTS]; /* word of the pointer; the length is the next word */
};

struct event {
	unsigned int probe;
	unsigned int nwords;
	unsigned int ntexts;
	unsigned int failed_words, failed_texts; /* bits of those that could not be read */
	unsigned long long words[MAX_WORDS]; /* 0 when it could not be read */
};

struct text_event {
	struct event e;
	char texts[MAX_TEXTS][TEXT_BYTES];
};

#endif
