#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bcc_hits.py FILE PROBE PID: prints "attached", then "GOID METHOD URI" for each hit, until
its standard input ends."""
import select
import sys

from bcc import BPF, USDT

PROGRAM = r"""
#include <uapi/linux/ptrace.h>

struct event {
	u64 goid;
	char method[64], uri[64];
};
BPF_PERF_OUTPUT(events);

int on_hit(struct pt_regs *ctx)
{
	struct event event = {};
	u64 text = 0, len = 0;

	bpf_usdt_readarg(1, ctx, &event.goid);
	bpf_usdt_readarg(2, ctx, &text);
	bpf_usdt_readarg(3, ctx, &len);
	bpf_probe_read_user(event.method, len & 63, (void *)text);
	bpf_usdt_readarg(4, ctx, &text);
	bpf_usdt_readarg(5, ctx, &len);
	bpf_probe_read_user(event.uri, len & 63, (void *)text);
	events.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
"""


def main():
    path, probe, pid = sys.argv[1:]
    usdt = USDT(path=path, pid=int(pid))
    usdt.enable_probe(probe=probe, fn_name="on_hit")
    bpf = BPF(text=PROGRAM, usdt_contexts=[usdt])

    def show(_cpu, data, _size):
        event = bpf["events"].event(data)
        print(event.goid, event.method.decode(), event.uri.decode(), flush=True)

    bpf["events"].open_perf_buffer(show)
    print("attached", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        bpf.perf_buffer_poll(timeout=50)
    bpf.perf_buffer_poll(timeout=100)


if __name__ == "__main__":
    main()
