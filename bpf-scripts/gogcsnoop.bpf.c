/* SPDX-License-Identifier: GPL-2.0 */
/* One event for each garbage collection of a Go program. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gogcsnoop.h"

/* A process has one cycle at a time, and stops the world for one thing at a time. */
struct collector {
	struct cycle cycle;
	__u64 number;
	__u64 stop_since;
	__u64 stop_of; /* 1, 2: the stop under way is the cycle's first, second; 0 = another's */
	__u64 running; /* between gc_start and gc_end */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct collector);
} collectors SEC(".maps");

static struct collector nothing;

static __always_inline struct collector *collector(void)
{
	__u32 pid = process_id();
	struct collector *it = bpf_map_lookup_elem(&collectors, &pid);

	if (it)
		return it;
	if (bpf_map_update_elem(&collectors, &pid, &nothing, BPF_NOEXIST))
		count(COUNT_NO_ROOM);
	return bpf_map_lookup_elem(&collectors, &pid);
}

/* What a stop of the world is for shows within: releases before 1.21 give no reason. */
SEC("usdt")
int stw_start(struct pt_regs *ctx)
{
	struct collector *it = collector();

	if (it) {
		it->stop_since = bpf_ktime_get_ns();
		it->stop_of = 0;
	}
	return 0;
}

SEC("usdt")
int stw_end(struct pt_regs *ctx)
{
	struct collector *it = collector();

	if (!it || !it->stop_since)
		return 0;
	if (it->stop_of == 1)
		it->cycle.pauses[0] = bpf_ktime_get_ns() - it->stop_since;
	if (it->stop_of == 2)
		it->cycle.pauses[1] = bpf_ktime_get_ns() - it->stop_since;
	it->stop_since = 0;
	return 0;
}

SEC("usdt")
int gc_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct collector *it = collector();

	if (!it)
		return 0;
	__builtin_memset(&it->cycle, 0, sizeof(it->cycle));
	fill_head(&it->cycle.head, &who, bpf_ktime_get_ns());
	it->cycle.number = ++it->number;
	it->cycle.heap_start = arg(ctx, 1);
	it->cycle.percent = (__s32)arg(ctx, 2);
	it->cycle.trigger = arg(ctx, 3);
	it->stop_of = 1;
	it->running = 1;
	return 0;
}

SEC("usdt")
int gc_mark_done(struct pt_regs *ctx)
{
	struct collector *it = collector();

	if (!it || !it->running)
		return 0;
	it->stop_of = 2;
	it->cycle.assist = arg(ctx, 1);
	it->cycle.dedicated = arg(ctx, 2);
	it->cycle.fractional = arg(ctx, 3);
	it->cycle.idle = arg(ctx, 4);
	return 0;
}

SEC("usdt")
int gc_live(struct pt_regs *ctx)
{
	struct collector *it = collector();

	if (!it || !it->running)
		return 0;
	it->stop_of = 2;
	it->cycle.heap_live = arg(ctx, 1);
	it->cycle.heap_before = arg(ctx, 2);
	it->cycle.goal = arg(ctx, 3);
	return 0;
}

SEC("usdt")
int gc_end(struct pt_regs *ctx)
{
	struct collector *it = collector();
	__u64 now = bpf_ktime_get_ns();
	struct cycle *event;

	if (!it)
		return 0;
	if (!it->running) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	it->running = 0;
	count(COUNT_SEEN);
	if (now - it->cycle.head.time < settings.min_ns)
		return 0;
	event = NEW_EVENT(struct cycle);
	if (!event)
		return 0;
	bpf_probe_read_kernel(event, sizeof(*event), &it->cycle);
	event->duration = now - event->head.time;
	event->head.time = now;
	submit(event);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
