/* SPDX-License-Identifier: GPL-2.0 */
/* What the BPF programs of bpf-scripts/ share: settings, counters, ring, arguments. */
#ifndef BPF_SCRIPTS_COMMON_BPF_H
#define BPF_SCRIPTS_COMMON_BPF_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#include "bpf-scripts/common_event.h"

#define OPEN_MAX 16384 /* goroutines that are within something at a time */

const volatile struct settings settings SEC(".rodata.settings");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Goroutine ids are unique within a process only. */
struct goroutine {
	__u64 goid;
	__u32 pid;
	__u32 kind; /* of what it is within, when these may lie in each other */
};

/*
 * A table by goroutine. The oldest entry gives way: an end can be missing (a panic), and no
 * goroutine id comes back to delete it. An end without its start is counted.
 */
#define OPEN_TABLE(NAME, VALUE)                        \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);   \
		__uint(max_entries, OPEN_MAX);         \
		__type(key, struct goroutine);         \
		__type(value, VALUE);                  \
	} NAME SEC(".maps")

static __always_inline void count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline __u64 arg(struct pt_regs *ctx, __u64 number)
{
	long value = 0;

	bpf_usdt_arg(ctx, number, &value);
	return (__u64)value;
}

/* Copies argument `number` (a pointer; its length is the next); returns the full length. */
static __always_inline __u32 text_arg(struct pt_regs *ctx, __u64 number, char *to, __u32 size)
{
	__u64 from = arg(ctx, number), len = arg(ctx, number + 1), take;

	take = len > size ? size : len;
	if (bpf_probe_read_user(to, take, (const void *)from))
		return TEXT_UNREAD;
	return len >= TEXT_UNREAD ? TEXT_UNREAD - 1 : len;
}

#define READ_TEXT(CTX, NUMBER, TO) \
	((TO).len = text_arg(CTX, NUMBER, (TO).bytes, sizeof((TO).bytes)))

static __always_inline __u32 process_id(void)
{
	struct bpf_pidns_info ids = {};

	if (bpf_get_ns_current_pid_tgid(settings.pidns_dev, settings.pidns_ino, &ids,
					sizeof(ids)))
		return bpf_get_current_pid_tgid() >> 32;
	return ids.tgid;
}

/* The goroutine that the hit is about, argument 0. */
static __always_inline struct goroutine goroutine(struct pt_regs *ctx, __u32 kind)
{
	struct goroutine it = { .goid = arg(ctx, 0), .pid = process_id(), .kind = kind };

	return it;
}

/* The goroutine's fresh entry in a table, a copy of `nothing`; NULL, and counted, without room. */
static __always_inline void *new_entry(void *table, const struct goroutine *who,
				       const void *nothing)
{
	if (bpf_map_update_elem(table, who, nothing, BPF_ANY))
		count(COUNT_NO_ROOM);
	return bpf_map_lookup_elem(table, who);
}

static __always_inline void fill_head(struct head *head, const struct goroutine *who, __u64 time)
{
	head->time = time;
	head->goid = who->goid;
	head->pid = who->pid;
	head->kind = who->kind;
}

/* Room for an event in the ring; NULL, and counted, when it is full. */
#define NEW_EVENT(TYPE) ((TYPE *)new_event(bpf_ringbuf_reserve(&events, sizeof(TYPE), 0)))

static __always_inline void *new_event(void *event)
{
	if (!event)
		count(COUNT_LOST);
	return event;
}

/* Waking the front costs more than the event: it looks by itself ten times a second. */
static __always_inline void submit(void *event)
{
	bool wake = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= settings.wake_bytes;

	bpf_ringbuf_submit(event, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
