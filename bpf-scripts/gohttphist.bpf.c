/* SPDX-License-Identifier: GPL-2.0 */
/* Histograms of how long a Go HTTP server's requests take, by route. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gohttphist.h"

struct request {
	__u64 start;
	struct route route;
};

OPEN_TABLE(requests, struct request);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEYS_MAX);
	__type(key, struct route);
	__type(value, struct latency);
} latencies SEC(".maps");

static struct request nothing;
static struct latency none;

/* A key must have no bytes that differ by chance: what is not text stays 0. */
static __always_inline void key_text(struct pt_regs *ctx, __u64 number, char *to, __u32 size)
{
	__u64 from = arg(ctx, number), len = arg(ctx, number + 1);

	len = len > size - 1 ? size - 1 : len;
	bpf_probe_read_user(to, len, (const void *)from);
}

static __always_inline void cut_query(char *text)
{
	bool cut = false;

	for (int i = 0; i < ROUTE_SIZE; i++) {
		cut |= text[i] == '?';
		if (cut)
			text[i] = 0;
	}
}

SEC("usdt")
int request_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct request *request = new_entry(&requests, &who, &nothing);

	if (!request)
		return 0;
	request->start = bpf_ktime_get_ns();
	key_text(ctx, 1, request->route.method, METHOD_SIZE);
	if (settings.flags & FLAG_PATH) {
		key_text(ctx, 3, request->route.text, ROUTE_SIZE);
		cut_query(request->route.text);
	}
	return 0;
}

/* Of muxes within muxes, the last one says most. */
SEC("usdt")
int route_chosen(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct request *request = bpf_map_lookup_elem(&requests, &who);

	if (!request || (settings.flags & FLAG_PATH))
		return 0;
	__builtin_memset(request->route.text, 0, ROUTE_SIZE);
	key_text(ctx, 1, request->route.text, ROUTE_SIZE);
	return 0;
}

static __always_inline __u32 log2_slot(__u64 value)
{
	__u32 slot = 0;

#pragma unroll
	for (int shift = 16; shift; shift >>= 1)
		if (value >> shift) {
			value >>= shift;
			slot += (__u32)shift;
		}
	return slot < SLOTS ? slot : SLOTS - 1;
}

static __always_inline void add(struct latency *latency, __u64 ns, __u64 status)
{
	__u64 us = ns / 1000;

	__sync_fetch_and_add(&latency->slots[log2_slot(us >> 32 ? 0xffffffff : us)], 1);
	__sync_fetch_and_add(&latency->count, 1);
	__sync_fetch_and_add(&latency->sum_ns, ns);
	if (status >= 500)
		__sync_fetch_and_add(&latency->errors, 1);
	if (ns > latency->max_ns) /* two at once may hide each other's; the sums do not */
		latency->max_ns = ns;
}

SEC("usdt")
int request_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct request *request = bpf_map_lookup_elem(&requests, &who);
	__u64 now = bpf_ktime_get_ns(), status = arg(ctx, 1);
	struct latency *latency;

	if (!request) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	count(COUNT_SEEN);
	if (settings.flags & FLAG_STATUS)
		request->route.status_class = (__u32)status / 100;
	bpf_map_update_elem(&latencies, &request->route, &none, BPF_NOEXIST);
	latency = bpf_map_lookup_elem(&latencies, &request->route);
	if (latency)
		add(latency, now - request->start, status);
	else
		count(COUNT_NO_ROOM);
	bpf_map_delete_elem(&requests, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
