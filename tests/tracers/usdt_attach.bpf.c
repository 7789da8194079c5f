/* SPDX-License-Identifier: GPL-2.0 */
/* One event per hit of a USDT probe: its words, and the text that chosen words point at. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#include "usdt_attach.h"

const volatile unsigned int text_words; /* bit i: word i points at text, word i + 1 long */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline void read_text(struct event *event, int word)
{
	unsigned long long len = event->words[word + 1];

	if (len > TEXT_SIZE - 1)
		len = TEXT_SIZE - 1;
	bpf_probe_read_user(event->texts[word], len & (TEXT_SIZE - 1),
			    (const void *)event->words[word]);
}

SEC("usdt")
int on_hit(struct pt_regs *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	event->nwords = (unsigned int)bpf_usdt_arg_cnt(ctx);
#pragma unroll
	for (int i = 0; i < MAX_WORDS; i++) {
		long value = 0;

		bpf_usdt_arg(ctx, i, &value);
		event->words[i] = (unsigned long long)value;
	}
#pragma unroll
	for (int i = 0; i < MAX_WORDS - 1; i++)
		if (text_words & 1u << i)
			read_text(event, i);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
