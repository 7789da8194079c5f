/* SPDX-License-Identifier: GPL-2.0 */
/* One event for each request that a Go HTTP server has served. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gohttpsnoop.h"

OPEN_TABLE(requests, struct request);

static struct request nothing;

SEC("usdt")
int request_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct request *request = new_entry(&requests, &who, &nothing);

	if (!request)
		return 0;
	fill_head(&request->head, &who, bpf_ktime_get_ns());
	READ_TEXT(ctx, 1, request->method);
	READ_TEXT(ctx, 3, request->uri);
	READ_TEXT(ctx, 5, request->host);
	READ_TEXT(ctx, 7, request->remote);
	request->received = (__s64)arg(ctx, 9);
	request->proto_major = arg(ctx, 10);
	return 0;
}

static __always_inline void over(const struct goroutine *who, struct request *request,
				 __s64 status, __s64 written)
{
	__u64 now = bpf_ktime_get_ns(), duration = now - request->head.time;
	struct request *event;

	count(COUNT_SEEN);
	if (duration < settings.min_ns)
		return;
	if ((settings.flags & FLAG_ERRORS) && status >= 0 && status < 500)
		return;
	event = NEW_EVENT(struct request);
	if (!event)
		return;
	bpf_probe_read_kernel(event, sizeof(*event), request);
	event->head.time = now;
	event->duration = duration;
	event->status = status;
	event->written = written;
	submit(event);
}

SEC("usdt")
int request_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct request *request = bpf_map_lookup_elem(&requests, &who);

	if (!request) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	over(&who, request, (__s64)arg(ctx, 1), (__s64)arg(ctx, 2));
	bpf_map_delete_elem(&requests, &who);
	return 0;
}

/* The goroutine is done with its connection or stream: a request still open has no end. */
SEC("usdt")
int gone(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct request *request = bpf_map_lookup_elem(&requests, &who);

	if (!request)
		return 0;
	over(&who, request, -1, 0);
	bpf_map_delete_elem(&requests, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
