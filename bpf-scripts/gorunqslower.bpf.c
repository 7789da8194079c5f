/* SPDX-License-Identifier: GPL-2.0 */
/* Goroutines that could run but waited long for a processor. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gorunqslower.h"

struct waiting {
	__u64 since;
	__u64 by;
	__u64 cause;
};

OPEN_TABLE(runnable, struct waiting);

static __always_inline int can_run(struct pt_regs *ctx, __u64 cause, __u64 by)
{
	struct goroutine who = goroutine(ctx, 0);
	struct waiting waiting = { .since = bpf_ktime_get_ns(), .by = by, .cause = cause };

	if (bpf_map_update_elem(&runnable, &who, &waiting, BPF_ANY))
		count(COUNT_NO_ROOM);
	return 0;
}

SEC("usdt")
int goroutine_ready(struct pt_regs *ctx)
{
	return can_run(ctx, WOKEN, arg(ctx, 1));
}

SEC("usdt")
int goroutine_create(struct pt_regs *ctx)
{
	return can_run(ctx, CREATED, arg(ctx, 1));
}

SEC("usdt")
int goroutine_yield(struct pt_regs *ctx)
{
	return can_run(ctx, (__u8)arg(ctx, 1) ? PREEMPTED : YIELDED, 0);
}

/* Those woken in bulk, by the network, are not told to be runnable: they have no entry. */
SEC("usdt")
int goroutine_run(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct waiting *waiting = bpf_map_lookup_elem(&runnable, &who);
	__u64 now = bpf_ktime_get_ns();
	struct delay *event;

	if (!waiting)
		return 0;
	count(COUNT_SEEN);
	if (now - waiting->since < settings.min_ns)
		goto done;
	event = NEW_EVENT(struct delay);
	if (!event)
		goto done;
	fill_head(&event->head, &who, now);
	event->head.kind = (__u32)waiting->cause;
	event->duration = now - waiting->since;
	event->by = waiting->by;
	event->start_pc = arg(ctx, 1);
	submit(event);
done:
	bpf_map_delete_elem(&runnable, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
