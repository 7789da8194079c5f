/* SPDX-License-Identifier: GPL-2.0 */
/* Records every word of each USDT probe hit, and the bytes of its (pointer, length) pairs. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#define BPF_USDT_MAX_SPEC_CNT 1024
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#include "event.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_PROBES);
	__type(key, unsigned int);
	__type(value, struct probe_shape);
} shapes SEC(".maps");

/* Hits of plain uprobes, by cookie; the last slot counts lost events. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_PROBES + 1);
	__type(key, unsigned int);
	__type(value, unsigned long long);
} counts SEC(".maps");

static __always_inline void count(unsigned int slot)
{
	unsigned long long *n = bpf_map_lookup_elem(&counts, &slot);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void read_words(struct pt_regs *ctx, struct event *e,
				       const struct probe_shape *shape, unsigned int probe)
{
	long value;

	e->probe = probe;
	e->nwords = shape->nwords;
	e->ntexts = shape->ntexts;
	e->failed_words = 0;
	e->failed_texts = 0;
#pragma unroll
	for (int i = 0; i < MAX_WORDS; i++) {
		e->words[i] = 0;
		if (i >= shape->nwords)
			continue;
		value = 0;
		if (bpf_usdt_arg(ctx, i, &value))
			e->failed_words |= 1u << i;
		e->words[i] = (unsigned long long)value;
	}
}

static __always_inline void read_texts(struct text_event *t, const struct probe_shape *shape)
{
#pragma unroll
	for (int i = 0; i < MAX_TEXTS; i++) {
		unsigned int at = shape->text_at[i], len;

		if (i >= shape->ntexts || at >= MAX_WORDS - 1)
			continue;
		if ((long long)t->e.words[at + 1] <= 0)
			continue;
		len = t->e.words[at + 1] > TEXT_BYTES ? TEXT_BYTES : t->e.words[at + 1];
		if (bpf_copy_from_user(t->texts[i], len, (void *)t->e.words[at]))
			t->e.failed_texts |= 1u << i;
	}
}

SEC("usdt")
int probe_hit(struct pt_regs *ctx)
{
	unsigned int probe = (unsigned int)bpf_usdt_cookie(ctx);
	struct probe_shape *shape = bpf_map_lookup_elem(&shapes, &probe);
	struct text_event *t;
	struct event *e;

	if (!shape)
		return 0;
	if (!shape->ntexts) {
		e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
		if (!e) {
			count(MAX_PROBES);
			return 0;
		}
		read_words(ctx, e, shape, probe);
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
		return 0;
	}
	t = bpf_ringbuf_reserve(&events, sizeof(*t), 0);
	if (!t) {
		count(MAX_PROBES);
		return 0;
	}
	read_words(ctx, &t->e, shape, probe);
	read_texts(t, shape);
	bpf_ringbuf_submit(t, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("uprobe")
int naive_hit(struct pt_regs *ctx)
{
	count((unsigned int)bpf_get_attach_cookie(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
