/* SPDX-License-Identifier: GPL-2.0 */
/* Sums of the waits for mutexes, by mutex and by who wanted it. */
#include "bpf-scripts/common.bpf.h"

#include "bpf-scripts/gomutextop.h"

struct wait {
	__u64 since;
	struct place place;
};

OPEN_TABLE(waiting, struct wait);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEYS_MAX);
	__type(key, struct place);
	__type(value, struct waits);
} sums SEC(".maps");

static struct waits none;

/* The probe stands before the function makes its frame: the caller is at the top of the
 * stack, and the frame pointer is still the caller's. */
SEC("usdt")
int wait_start(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct wait wait = { .since = bpf_ktime_get_ns() };

	wait.place.mutex = arg(ctx, 1);
	wait.place.pid = who.pid;
	bpf_probe_read_user(&wait.place.callers[0], 8, (const void *)PT_REGS_SP(ctx));
	bpf_probe_read_user(&wait.place.callers[1], 8, (const void *)(PT_REGS_FP(ctx) + 8));
	if (bpf_map_update_elem(&waiting, &who, &wait, BPF_ANY))
		count(COUNT_NO_ROOM);
	return 0;
}

static __always_inline void add(struct waits *waits, __u64 ns)
{
	__sync_fetch_and_add(&waits->count, 1);
	__sync_fetch_and_add(&waits->sum_ns, ns);
	if (ns > waits->max_ns) /* two at once may hide each other's; the sums do not */
		waits->max_ns = ns;
}

SEC("usdt")
int wait_end(struct pt_regs *ctx)
{
	struct goroutine who = goroutine(ctx, 0);
	struct wait *wait = bpf_map_lookup_elem(&waiting, &who);
	__u64 now = bpf_ktime_get_ns();
	struct waits *waits;

	if (!wait) {
		count(COUNT_UNMATCHED);
		return 0;
	}
	count(COUNT_SEEN);
	if (now - wait->since < settings.min_ns)
		goto done;
	bpf_map_update_elem(&sums, &wait->place, &none, BPF_NOEXIST);
	waits = bpf_map_lookup_elem(&sums, &wait->place);
	if (waits)
		add(waits, now - wait->since);
	else
		count(COUNT_NO_ROOM);
done:
	bpf_map_delete_elem(&waiting, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
