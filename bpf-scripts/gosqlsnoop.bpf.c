/* SPDX-License-Identifier: GPL-2.0 */
/* One event for each operation that a Go program has had done by database/sql. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gosqlsnoop.h"

OPEN_TABLE(statements, struct statement);

static struct statement nothing;

/* The cookie is the operation. Different ones can lie in each other on one goroutine. */
SEC("usdt")
int statement_start(struct pt_regs *ctx)
{
	__u32 kind = (__u32)bpf_usdt_cookie(ctx);
	struct goroutine who = goroutine(ctx, kind);
	struct statement *statement = new_entry(&statements, &who, &nothing);

	if (!statement)
		return 0;
	fill_head(&statement->head, &who, bpf_ktime_get_ns());
	if (kind <= PREPARE)
		READ_TEXT(ctx, 1, statement->query);
	if (kind == STMT_QUERY || kind == STMT_EXEC)
		statement->nargs = arg(ctx, 3);
	return 0;
}

SEC("usdt")
int statement_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, (__u32)bpf_usdt_cookie(ctx));
	struct statement *statement = bpf_map_lookup_elem(&statements, &who), *event;
	__u64 now = bpf_ktime_get_ns(), failed = arg(ctx, 1);

	if (!statement) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	count(COUNT_SEEN);
	if (now - statement->head.time < settings.min_ns ||
	    (!failed && (settings.flags & FLAG_ERRORS)))
		goto done;
	event = NEW_EVENT(struct statement);
	if (!event)
		goto done;
	bpf_probe_read_kernel(event, sizeof(*event), statement);
	event->duration = now - event->head.time;
	event->head.time = now;
	event->failed = failed;
	if (failed)
		READ_TEXT(ctx, 3, event->error);
	submit(event);
done:
	bpf_map_delete_elem(&statements, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
