/* SPDX-License-Identifier: GPL-2.0 */
/* One event for each TLS handshake of a Go program, client's or server's side. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gotlssnoop.h"

OPEN_TABLE(handshakes, struct handshake);

static struct handshake nothing;

SEC("usdt")
int handshake_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct handshake *it = new_entry(&handshakes, &who, &nothing);

	if (!it)
		return 0;
	fill_head(&it->head, &who, bpf_ktime_get_ns());
	it->alert = 256;
	READ_TEXT(ctx, 3, it->sni);
	return 0;
}

/* What the client's first message names, on either side. */
SEC("usdt")
int client_hello(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct handshake *it = bpf_map_lookup_elem(&handshakes, &who);

	if (it && arg(ctx, 2))
		READ_TEXT(ctx, 1, it->sni);
	return 0;
}

/* The last flush of a handshake has what was negotiated. */
SEC("usdt")
int flush(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct handshake *it = bpf_map_lookup_elem(&handshakes, &who);

	if (!it)
		return 0;
	it->version = (__u16)arg(ctx, 2);
	it->cipher = (__u16)arg(ctx, 3);
	READ_TEXT(ctx, 6, it->alpn);
	it->resumed = (__u8)arg(ctx, 9);
	return 0;
}

SEC("usdt")
int alert_sent(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct handshake *it = bpf_map_lookup_elem(&handshakes, &who);

	if (it)
		it->alert = (__u8)arg(ctx, 2);
	return 0;
}

SEC("usdt")
int handshake_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct handshake *it = bpf_map_lookup_elem(&handshakes, &who), *event;
	__u64 now = bpf_ktime_get_ns(), failed = arg(ctx, 2);

	if (!it) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	count(COUNT_SEEN);
	if (now - it->head.time < settings.min_ns ||
	    (!failed && (settings.flags & FLAG_ERRORS)))
		goto done;
	event = NEW_EVENT(struct handshake);
	if (!event)
		goto done;
	bpf_probe_read_kernel(event, sizeof(*event), it);
	event->duration = now - event->head.time;
	event->head.time = now;
	event->head.kind = (__u8)arg(ctx, 1);
	event->failed = failed;
	if (failed)
		READ_TEXT(ctx, 4, event->error);
	submit(event);
done:
	bpf_map_delete_elem(&handshakes, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
