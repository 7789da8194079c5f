/* SPDX-License-Identifier: GPL-2.0 */
/* Counts hits of one probe or one plain uprobe: the least a tracer can do. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, unsigned int);
	__type(value, unsigned long long);
} hits SEC(".maps");

static __always_inline int count(void)
{
	unsigned int key = 0;
	unsigned long long *n = bpf_map_lookup_elem(&hits, &key);

	if (n)
		++*n;
	return 0;
}

SEC("usdt")
int count_usdt(void *ctx)
{
	return count();
}

SEC("uprobe")
int count_uprobe(void *ctx)
{
	return count();
}

char _license[] SEC("license") = "GPL";
