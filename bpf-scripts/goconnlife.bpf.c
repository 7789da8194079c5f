/* SPDX-License-Identifier: GPL-2.0 */
/* One event for each connection of a Go HTTP server, when it is over. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/goconnlife.h"

#define STATE_HIJACKED 3

OPEN_TABLE(lives, struct life);

static struct life nothing;

static __always_inline struct life *life_of(const struct goroutine *who)
{
	return bpf_map_lookup_elem(&lives, who);
}

SEC("usdt")
int conn_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct life *life = new_entry(&lives, &who, &nothing);

	if (!life)
		return 0;
	fill_head(&life->head, &who, bpf_ktime_get_ns());
	life->head.kind = 1;
	return 0;
}

/* The first state that names the peer: active, for HTTP/1 and HTTP/2. */
SEC("usdt")
int conn_state(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct life *life = life_of(&who);

	if (!life)
		return 0;
	if (arg(ctx, 1) == STATE_HIJACKED)
		life->hijacked = 1;
	if (!life->remote.len)
		READ_TEXT(ctx, 3, life->remote);
	return 0;
}

/* HTTP/1 handlers run on the connection's goroutine, those of HTTP/2 do not. */
SEC("usdt")
int request_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct life *life = life_of(&who);

	if (!life)
		return 0;
	life->requests++;
	life->busy_since = bpf_ktime_get_ns();
	return 0;
}

SEC("usdt")
int request_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct life *life = life_of(&who);

	if (!life || !life->busy_since)
		return 0;
	life->busy += bpf_ktime_get_ns() - life->busy_since;
	life->busy_since = 0;
	life->written += arg(ctx, 2);
	return 0;
}

/* HTTP/2 ends its streams on the connection's goroutine. */
SEC("usdt")
int stream_close(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct life *life = life_of(&who);

	if (!life)
		return 0;
	life->head.kind = 2;
	life->requests++;
	return 0;
}

SEC("usdt")
int conn_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct life *life = life_of(&who), *event;
	__u64 now = bpf_ktime_get_ns();

	if (!life) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	count(COUNT_SEEN);
	if (now - life->head.time < settings.min_ns)
		goto done;
	event = NEW_EVENT(struct life);
	if (!event)
		goto done;
	bpf_probe_read_kernel(event, sizeof(*event), life);
	event->duration = now - event->head.time;
	if (event->busy_since) /* by a panic, or taken over */
		event->busy += now - event->busy_since;
	event->head.time = now;
	submit(event);
done:
	bpf_map_delete_elem(&lives, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
