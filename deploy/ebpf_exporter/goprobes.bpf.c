/* SPDX-License-Identifier: GPL-2.0 */
/*
 * HTTP requests and SQL statements of one Go program, for Cloudflare's ebpf_exporter
 * (version 2), which reads these maps as goprobes.yaml says. Compile it for the program:
 *
 *	clang -target bpf -O2 -g -D__TARGET_ARCH_x86 -DPROGRAM='"/usr/local/bin/app"' \
 *		-I/usr/include/x86_64-linux-gnu -c goprobes.bpf.c -o goprobes.bpf.o
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#ifndef PROGRAM
#define PROGRAM "/usr/local/bin/app"
#endif

typedef unsigned int u32;
typedef unsigned long long u64;

enum { METHOD = 8, ROUTE = 48, OPERATION = 8, LAST_BUCKET = 26, SERIES = 4096 };

/* A goroutine of a process, and what it is doing. */
struct who {
	u64 goid;
	u64 tgid;
};

struct request {
	u64 begin;
	char method[METHOD];
	char route[ROUTE];
};

struct statement {
	u64 begin;
	char operation[OPERATION];
};

/* Keys of metrics, label by label as goprobes.yaml has them. */
struct request_key {
	char route[ROUTE];
	char method[METHOD];
	u64 status;
	u64 bucket;
};

struct statement_key {
	char operation[OPERATION];
	u64 failed;
	u64 bucket;
};

struct bytes_key {
	char route[ROUTE];
};

#define MAP(kind, name_, size, key_, value_) \
	struct { \
		__uint(type, kind); \
		__uint(max_entries, size); \
		__type(key, key_); \
		__type(value, value_); \
	} name_ SEC(".maps")

MAP(BPF_MAP_TYPE_LRU_HASH, requests, 16384, struct who, struct request);
MAP(BPF_MAP_TYPE_LRU_HASH, statements, 16384, struct who, struct statement);
MAP(BPF_MAP_TYPE_HASH, go_http_server_request_duration_seconds, 4 * SERIES, struct request_key,
    u64);
MAP(BPF_MAP_TYPE_HASH, go_http_server_response_bytes_total, SERIES, struct bytes_key, u64);
MAP(BPF_MAP_TYPE_HASH, go_sql_duration_seconds, SERIES, struct statement_key, u64);

static __always_inline u64 argument(struct pt_regs *ctx, int number)
{
	long value = 0;

	bpf_usdt_arg(ctx, (u64)number, &value);
	return (u64)value;
}

static __always_inline struct who current(struct pt_regs *ctx)
{
	return (struct who){ argument(ctx, 0), bpf_get_current_pid_tgid() >> 32 };
}

/* The string in arguments `number` and the next, cut to `size` with its NUL. */
static __always_inline void read_text(struct pt_regs *ctx, int number, char *text, u32 size)
{
	u64 len = argument(ctx, number + 1);

	if (len > size - 1)
		len = size - 1;
	asm volatile("" : "+r"(len)); /* keeps the check where the verifier sees it */
	if (len < size)
		bpf_probe_read_user(text, (u32)len, (const void *)argument(ctx, number));
}

static __always_inline void add(void *map, const void *key, u64 n)
{
	u64 *sum = bpf_map_lookup_elem(map, key), zero = 0;

	if (!sum) {
		bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(map, key);
	}
	if (sum)
		__sync_fetch_and_add(sum, n);
}

/* Bucket n holds what is at most 2^n microseconds, and more than half of that. */
static __always_inline u64 bucket_of(u64 us)
{
	u64 bucket = 0;

	for (int i = 0; i < LAST_BUCKET; i++)
		if (us > 1ull << i)
			bucket = (u64)i + 1;
	return bucket;
}

SEC("usdt/" PROGRAM ":net_http:server_request_start")
int request_start(struct pt_regs *ctx)
{
	struct who who = current(ctx);
	struct request request = { .begin = bpf_ktime_get_ns() };

	read_text(ctx, 1, request.method, METHOD);
	bpf_map_update_elem(&requests, &who, &request, BPF_ANY);
	return 0;
}

SEC("usdt/" PROGRAM ":net_http:server_route")
int request_route(struct pt_regs *ctx)
{
	struct who who = current(ctx);
	struct request *request = bpf_map_lookup_elem(&requests, &who);

	if (request)
		read_text(ctx, 1, request->route, ROUTE);
	return 0;
}

SEC("usdt/" PROGRAM ":net_http:server_request_end")
int request_end(struct pt_regs *ctx)
{
	struct who who = current(ctx);
	struct request *request = bpf_map_lookup_elem(&requests, &who);
	struct request_key key = { .status = argument(ctx, 1) };
	struct bytes_key bytes = { 0 };

	if (!request)
		return 0;
	u64 us = (bpf_ktime_get_ns() - request->begin) / 1000;

	__builtin_memcpy(key.method, request->method, METHOD);
	__builtin_memcpy(key.route, request->route, ROUTE);
	__builtin_memcpy(bytes.route, request->route, ROUTE);
	key.bucket = bucket_of(us);
	add(&go_http_server_request_duration_seconds, &key, 1);
	key.bucket = LAST_BUCKET + 1; /* the sum */
	add(&go_http_server_request_duration_seconds, &key, us);
	add(&go_http_server_response_bytes_total, &bytes, argument(ctx, 2));
	bpf_map_delete_elem(&requests, &who);
	return 0;
}

static __always_inline int statement_start(struct pt_regs *ctx)
{
	struct who who = current(ctx);
	struct statement statement = { .begin = bpf_ktime_get_ns() };
	int over = 0;

	read_text(ctx, 1, statement.operation, OPERATION);
	for (int i = 0; i < OPERATION; i++) { /* its first word */
		char c = statement.operation[i];

		over |= !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
		statement.operation[i] = over ? 0 : (char)(c & ~0x20);
	}
	bpf_map_update_elem(&statements, &who, &statement, BPF_ANY);
	return 0;
}

static __always_inline int statement_end(struct pt_regs *ctx)
{
	struct who who = current(ctx);
	struct statement *statement = bpf_map_lookup_elem(&statements, &who);
	struct statement_key key = { .failed = argument(ctx, 1) != 0 };

	if (!statement)
		return 0;
	u64 us = (bpf_ktime_get_ns() - statement->begin) / 1000;

	__builtin_memcpy(key.operation, statement->operation, OPERATION);
	key.bucket = bucket_of(us);
	add(&go_sql_duration_seconds, &key, 1);
	key.bucket = LAST_BUCKET + 1;
	add(&go_sql_duration_seconds, &key, us);
	bpf_map_delete_elem(&statements, &who);
	return 0;
}

#define STATEMENT(name) \
	SEC("usdt/" PROGRAM ":database_sql:" #name "_start") \
	int name##_start(struct pt_regs *ctx) { return statement_start(ctx); } \
	SEC("usdt/" PROGRAM ":database_sql:" #name "_end") \
	int name##_end(struct pt_regs *ctx) { return statement_end(ctx); }

STATEMENT(query)
STATEMENT(exec)
STATEMENT(stmt_query)
STATEMENT(stmt_exec)

char LICENSE[] SEC("license") = "GPL";
