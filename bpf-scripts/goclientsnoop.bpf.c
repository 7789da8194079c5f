/* SPDX-License-Identifier: GPL-2.0 */
/* One event for each HTTP request that a Go program makes. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/goclientsnoop.h"

OPEN_TABLE(calls, struct call);

static struct call nothing;

SEC("usdt")
int request_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct call *call = new_entry(&calls, &who, &nothing);

	if (!call)
		return 0;
	fill_head(&call->head, &who, bpf_ktime_get_ns());
	READ_TEXT(ctx, 1, call->method);
	READ_TEXT(ctx, 3, call->path);
	READ_TEXT(ctx, 5, call->host);
	READ_TEXT(ctx, 7, call->scheme);
	return 0;
}

SEC("usdt")
int conn_get_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct call *call = bpf_map_lookup_elem(&calls, &who);

	if (!call)
		return 0;
	call->attempts++;
	call->conn_since = bpf_ktime_get_ns();
	return 0;
}

SEC("usdt")
int conn_get_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct call *call = bpf_map_lookup_elem(&calls, &who);

	if (!call || !call->conn_since)
		return 0;
	call->conn_wait += bpf_ktime_get_ns() - call->conn_since;
	call->conn_since = 0;
	if (!arg(ctx, 4))
		call->connection = (__u8)arg(ctx, 3) ? CONN_REUSED : CONN_NEW;
	return 0;
}

SEC("usdt")
int request_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct call *call = bpf_map_lookup_elem(&calls, &who), *event;
	__u64 now = bpf_ktime_get_ns(), failed = arg(ctx, 3);
	__s64 status = (__s64)arg(ctx, 1);

	if (!call) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	count(COUNT_SEEN);
	if (now - call->head.time < settings.min_ns ||
	    ((settings.flags & FLAG_ERRORS) && !failed && status < 400))
		goto done;
	event = NEW_EVENT(struct call);
	if (!event)
		goto done;
	bpf_probe_read_kernel(event, sizeof(*event), call);
	event->duration = now - event->head.time;
	event->head.time = now;
	event->status = status;
	event->failed = failed;
	if (failed)
		READ_TEXT(ctx, 5, event->error);
	submit(event);
done:
	bpf_map_delete_elem(&calls, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
