/* SPDX-License-Identifier: MIT */
/* What usdt_attach.bpf.c hands to usdt_attach.c. */
#ifndef USDT_ATTACH_H
#define USDT_ATTACH_H

#define MAX_WORDS 12
#define TEXT_SIZE 64

struct event {
	unsigned int nwords;
	unsigned long long words[MAX_WORDS];
	char texts[MAX_WORDS][TEXT_SIZE];
};

#endif
