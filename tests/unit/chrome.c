/* SPDX-License-Identifier: MIT */
/* Trace files of made-up events, read back. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "tracer/chrome.h"

#define BASE 1790000000000000000ull
#define MS 1000000ull

enum { OPEN = 1u << 16 }; /* beside marks: a span that is not over */

static int failures;

#define EXPECT(holds)                                                         \
	do {                                                                  \
		if (!(holds)) {                                               \
			printf("%s:%d: not so: %s\n", __func__, __LINE__, #holds); \
			failures++;                                           \
		}                                                             \
	} while (0)

static struct err *put_buf(const void *bytes, size_t len, void *context)
{
	buf_put(context, bytes, len);
	return NULL;
}

static struct err *put_nowhere(const void *bytes, size_t len, void *context)
{
	(void)bytes;
	++*(int *)context;
	return err_new("no room for %zu bytes", len);
}

static const char *symbol(const struct event *event, uint64_t pc, void *context)
{
	(void)event;
	(void)context;
	return pc == 0x401000 ? "main.worker" : NULL;
}

/* An event of probe `name`, at `end` ms; a span when it has a start's name and a duration. */
static void add(struct chrome *chrome, const char *probe, const char *start, uint64_t end,
		uint64_t duration, uint64_t goid, int pid, const struct value *values,
		size_t nvalues, unsigned marks)
{
	static const struct listing listing = { .path = (char *)"/srv/bin/shop" };
	const char *colon = strchr(probe, ':');
	char *provider = mem_strndup(probe, (size_t)(colon - probe));
	struct list_probe listed = { .provider = provider, .name = colon + 1 };
	struct list_probe listed_start = { .provider = provider, .name = start };
	struct session_probe fired = { .listed = &listed, .listing = &listing };
	struct session_probe started = { .listed = &listed_start, .listing = &listing };
	struct event event = {
		.time_ns = BASE + end * MS, .duration_ns = duration * MS, .provider = provider,
		.name = colon + 1, .probe = &fired, .start = start ? &started : NULL,
		.open = marks & OPEN, .goid = goid, .pid = pid, .tid = pid + 3,
		.values = values, .nvalues = nvalues,
	};

	chrome_add(chrome, &event, marks & ~(unsigned)OPEN);
	free(provider);
}

static void add_span(struct chrome *chrome, uint64_t start, uint64_t end, uint64_t goid, int pid)
{
	add(chrome, "net_http:server_request", "server_request_start", end, end - start, goid, pid,
	    NULL, 0, 0);
}

static cJSON *written(struct chrome *chrome)
{
	struct buf out = { 0 };
	struct err *err = chrome_write(chrome, put_buf, &out);
	cJSON *json;

	EXPECT(!err);
	buf_u8(&out, 0);
	json = cJSON_Parse((const char *)out.data);
	if (!json) {
		printf("no JSON:\n%s\n", (const char *)out.data);
		failures++;
		json = cJSON_CreateObject();
		cJSON_AddArrayToObject(json, "traceEvents");
	}
	EXPECT(!strncmp((const char *)out.data, "{\"traceEvents\":[", 16));
	buf_free(&out);
	chrome_free(chrome);
	return json;
}

static const cJSON *get(const cJSON *json, const char *key)
{
	static cJSON nothing;
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(json, key);

	return found ? found : &nothing;
}

static const char *text(const cJSON *json, const char *key)
{
	return get(json, key)->valuestring ? get(json, key)->valuestring : "";
}

static double number(const cJSON *json, const char *key)
{
	return get(json, key)->valuedouble;
}

/* The nth event of this phase and name; "" is any name. */
static const cJSON *find(const cJSON *json, const char *phase, const char *name, int nth)
{
	static const cJSON nothing;
	const cJSON *event;

	cJSON_ArrayForEach(event, get(json, "traceEvents"))
		if (!strcmp(text(event, "ph"), phase) &&
		    (!*name || !strcmp(text(event, "name"), name)) && !nth--)
			return event;
	return &nothing;
}

/* The track's number by its name; -1 when it is not there. */
static double track(const cJSON *json, const char *name, int pid)
{
	const cJSON *event;

	cJSON_ArrayForEach(event, get(json, "traceEvents"))
		if (!strcmp(text(event, "name"), "thread_name") && number(event, "pid") == pid &&
		    !strcmp(text(get(event, "args"), "name"), name))
			return number(event, "tid");
	return -1;
}

static void check_empty(void)
{
	struct chrome *chrome = chrome_new(NULL, NULL, 0);
	cJSON *json;

	chrome_note(chrome, "condition", "uri ~ \"/x\"");
	json = written(chrome);
	EXPECT(cJSON_GetArraySize(get(json, "traceEvents")) == 0);
	EXPECT(!strcmp(text(get(json, "otherData"), "condition"), "uri ~ \"/x\""));
	cJSON_Delete(json);
}

static void check_numbers(void)
{
	const struct value memstats = { .name = "reason", .kind = VALUE_UINT, .u = 7 };
	struct chrome *chrome = chrome_new(NULL, NULL, 0);
	cJSON *json;

	add_span(chrome, 10, 20, 105, 700);
	add_span(chrome, 10, 20, 105, 800);       /* the same id in another process */
	add_span(chrome, 10, 20, 1ull << 40, 700); /* more than 32 bits */
	add_span(chrome, 10, 20, 800, 700);       /* another process's number */
	add(chrome, "runtime:thread_create", NULL, 15, 0, 0, 700, NULL, 0, 0);
	add(chrome, "runtime:gc", "gc_start", 18, 6, 105, 700, NULL, 0, 0);
	add(chrome, "runtime:stw", "stw_start", 13, 2, 105, 700, &memstats, 1, 0);
	json = written(chrome);
	EXPECT(track(json, "goroutine 105", 700) == 105);
	EXPECT(track(json, "goroutine 105", 800) >= TRACK_FIRST);
	EXPECT(track(json, "goroutine 1099511627776", 700) >= TRACK_FIRST);
	EXPECT(track(json, "goroutine 800", 700) >= TRACK_FIRST);
	EXPECT(track(json, "no goroutine", 700) >= TRACK_FIRST);
	EXPECT(number(find(json, "X", "gc", 0), "tid") == track(json, "garbage collector", 700));
	EXPECT(number(find(json, "X", "stopped: ReadMemStats", 0), "tid") ==
	       track(json, "stop the world", 700));
	EXPECT(!strcmp(text(get(find(json, "M", "process_name", 0), "args"), "name"), "shop"));
	EXPECT(!strcmp(text(find(json, "X", "gc", 0), "cat"), "gc"));
	for (int i = 0; i < 7; i++) /* no two tracks have one number */
		for (int j = 0; j < i; j++)
			EXPECT(number(find(json, "M", "thread_name", i), "tid") !=
			       number(find(json, "M", "thread_name", j), "tid"));
	EXPECT(find(json, "M", "thread_name", 6)->child);
	EXPECT(!find(json, "M", "thread_name", 7)->child);
	EXPECT(number(get(find(json, "M", "thread_sort_index", 6), "args"), "sort_index") == 6);
	cJSON_Delete(json);
}

static void check_times(void)
{
	struct chrome *chrome = chrome_new(NULL, NULL, 0);
	uint64_t start, end;
	const cJSON *span;
	cJSON *json;

	add_span(chrome, 30, 40, 7, 1);
	add_span(chrome, 10, 35, 7, 1); /* overlaps the other, not nested */
	add(chrome, "runtime:panic", NULL, 33, 0, 7, 1, NULL, 0, CHROME_FAILED);
	add(chrome, "net:dial_start", NULL, 20, 0, 8, 1, NULL, 0, OPEN);
	EXPECT(chrome_count(chrome) == 4);
	chrome_times(chrome, &start, &end);
	EXPECT(start == BASE + 10 * MS && end == BASE + 40 * MS);
	json = written(chrome);
	span = find(json, "X", "server_request", 0);
	EXPECT(number(span, "ts") == 0 && number(span, "dur") == 25000 && number(span, "tid") == 7);
	span = find(json, "X", "server_request", 1);
	EXPECT(number(span, "ts") == 20000 && number(span, "dur") == 10000);
	EXPECT(number(span, "tid") == track(json, "goroutine 7 (2)", 1));
	EXPECT(!strcmp(text(get(get(span, "args"), "event"), "ended"),
		       "2026-09-21T14:13:20.040000000Z"));
	span = find(json, "i", "panic", 0);
	EXPECT(number(span, "ts") == 23000 && !strcmp(text(span, "s"), "t"));
	EXPECT(cJSON_IsTrue(get(get(get(span, "args"), "event"), "failed")));
	span = find(json, "X", "dial", 0); /* to the end of the file */
	EXPECT(number(span, "ts") == 10000 && number(span, "dur") == 20000);
	EXPECT(cJSON_IsTrue(get(get(get(span, "args"), "event"), "unfinished")));
	cJSON_Delete(json);
}

/* What began before the recording's first moment is drawn from there. */
static void check_clipped(void)
{
	struct chrome *chrome = chrome_new(NULL, NULL, BASE + 20 * MS);
	const cJSON *span;
	cJSON *json;

	add_span(chrome, 10, 40, 7, 1);
	add(chrome, "net:dial_start", NULL, 5, 0, 8, 1, NULL, 0, OPEN);
	add(chrome, "runtime:goroutine_park", NULL, 15, 0, 9, 1, NULL, 0, OPEN);
	add(chrome, "runtime:goroutine_park", NULL, 16, 0, 7, 1, NULL, 0, OPEN);
	chrome_until(chrome, BASE + 45 * MS);
	chrome_mark_cause(chrome, 0, BASE + 30 * MS, BASE + 40 * MS, "SIGUSR1");
	chrome_mark_cause(chrome, 2, BASE + 30 * MS, BASE + 40 * MS, "SIGUSR2");
	EXPECT(chrome_count(chrome) == 3); /* goroutine 7 waits no longer */
	EXPECT(chrome_has_process(chrome, 1) && !chrome_has_process(chrome, 2));
	json = written(chrome);
	span = find(json, "X", "server_request", 0);
	EXPECT(number(span, "ts") == 0 && number(span, "dur") == 20000);
	EXPECT(!strcmp(text(get(get(span, "args"), "event"), "started"),
		       "2026-09-21T14:13:20.010000000Z"));
	span = find(json, "X", "dial", 0);
	EXPECT(number(span, "ts") == 0 && number(span, "dur") == 25000);
	EXPECT(!strcmp(text(get(get(span, "args"), "event"), "started"),
		       "2026-09-21T14:13:20.005000000Z"));
	EXPECT(number(find(json, "X", "cause: SIGUSR1", 0), "tid") ==
	       track(json, "cause of the recording", 1));
	EXPECT(!find(json, "X", "cause: SIGUSR2", 0)->child);
	EXPECT(find(json, "X", "goroutine_park", 0)->child);
	EXPECT(!find(json, "X", "goroutine_park", 1)->child);
	cJSON_Delete(json);
}

static void check_values(void)
{
	struct value values[] = {
		{ .name = "method", .kind = VALUE_STRING, .text = "GET", .len = 3, .full_len = 3 },
		{ .name = "uri", .kind = VALUE_STRING, .text = "/\"\xff\n", .len = 4,
		  .full_len = 4 },
		{ .name = "host", .kind = VALUE_STRING, .text = "shop", .len = 4,
		  .full_len = 4 },
		{ .name = "status", .kind = VALUE_INT, .i = -7 },
		{ .name = "size", .kind = VALUE_UINT, .u = UINT64_MAX },
		{ .name = "conn", .kind = VALUE_ADDRESS, .u = 0xc000012345 },
		{ .name = "timeout", .kind = VALUE_DURATION, .i = 12500000 },
		{ .name = "idle_ns", .kind = VALUE_DURATION, .i = 1000 },
		{ .name = "gone", .kind = VALUE_UINT, .unread = true },
	};
	struct chrome *chrome = chrome_new(NULL, NULL, 0);
	const cJSON *span, *args;
	cJSON *json;

	add(chrome, "net_http:server_request", "server_request_start", 9, 1, 3, 1, values, 9,
	    CHROME_TRIGGER);
	json = written(chrome);
	span = find(json, "X", "server_request GET /\"\xef\xbf\xbd\n", 0);
	args = get(span, "args");
	EXPECT(!strcmp(text(span, "cat"), "http"));
	EXPECT(!strcmp(text(args, "uri"), "/\"\xef\xbf\xbd\n"));
	EXPECT(!strcmp(text(args, "host"), "shop"));
	EXPECT(number(args, "status") == -7);
	EXPECT(!strcmp(text(args, "size"), "18446744073709551615"));
	EXPECT(!strcmp(text(args, "conn"), "0xc000012345"));
	EXPECT(!strcmp(text(args, "timeout"), "12.50ms") && number(args, "timeout_ns") == 12500000);
	EXPECT(number(args, "idle_ns") == 1000 && cJSON_IsNull(get(args, "gone")));
	EXPECT(cJSON_IsTrue(get(get(args, "event"), "trigger")));
	EXPECT(!strcmp(text(get(args, "event"), "probe"), "net_http:server_request"));
	EXPECT(number(get(args, "event"), "goid") == 3);
	EXPECT(number(get(args, "event"), "thread") == 4);
	cJSON_Delete(json);
}

/* Both ends of the nth arrow stand right behind the spans that they belong to. */
static void check_arrow(const cJSON *json, int nth, const char *from, const char *to)
{
	const cJSON *start = find(json, "s", "", nth), *end = find(json, "f", "", nth);
	const cJSON *source = start->prev, *target = end->prev;

	EXPECT(number(start, "id") == number(end, "id") && number(start, "id") > 0);
	EXPECT(source && !strcmp(text(source, "name"), from) && !strcmp(text(source, "ph"), "X"));
	EXPECT(target && !strcmp(text(target, "name"), to) && !strcmp(text(target, "ph"), "X"));
	if (!source || !target)
		return;
	EXPECT(number(source, "ts") == number(start, "ts"));
	EXPECT(number(source, "tid") == number(start, "tid"));
	EXPECT(number(target, "ts") == number(end, "ts"));
	EXPECT(number(end, "ts") > number(start, "ts"));
	EXPECT(number(target, "tid") == number(end, "tid"));
}

static void check_arrows(void)
{
	const struct value create[] = { { .name = "parent_goid", .kind = VALUE_UINT, .u = 1 },
					{ .name = "start_pc", .kind = VALUE_ADDRESS,
					  .u = 0x401000 } };
	const struct value ready[] = { { .name = "waker_goid", .kind = VALUE_UINT, .u = 1 } };
	const struct value park[] = { { .name = "reason", .kind = VALUE_ENUM, .u = 14,
					.text = "chan receive", .len = 12 } };
	struct chrome *chrome = chrome_new(symbol, NULL, 0);
	const cJSON *run;
	cJSON *json;

	add(chrome, "runtime:goroutine_create", NULL, 10, 0, 22, 5, create, 2, 0);
	add(chrome, "runtime:goroutine_ready", NULL, 14, 0, 22, 5, ready, 1, 0);
	add(chrome, "runtime:goroutine_park", "goroutine_park", 16, 4, 22, 5, park, 1, 0);
	add(chrome, "runtime:goroutine_park", "goroutine_park", 19, 2, 22, 5, park, 1, 0);
	add(chrome, "runtime:goroutine_ready", NULL, 22, 0, 22, 5, ready, 1, 0);
	add(chrome, "runtime:goroutine_park", NULL, 21, 0, 22, 5, park, 1, OPEN);
	add(chrome, "runtime:goroutine_exit", NULL, 30, 0, 23, 5, NULL, 0, 0);
	json = written(chrome);
	EXPECT(track(json, "goroutine 22 main.worker", 5) == 22);
	EXPECT(!find(json, "s", "", 3)->child && !find(json, "f", "", 3)->child);
	check_arrow(json, 0, "go main.worker", "created");
	check_arrow(json, 1, "wake goroutine 22", "runnable");
	check_arrow(json, 2, "wake goroutine 22", "runnable");
	EXPECT(number(find(json, "X", "go main.worker", 0), "tid") == 1);
	EXPECT(!strcmp(text(get(find(json, "X", "go main.worker", 0), "args"), "start_pc"),
		       "0x401000 main.worker"));
	run = find(json, "X", "runnable", 0); /* within the wait, which ends 16 - 10 ms after 0 */
	EXPECT(number(run, "tid") == 22 && number(run, "ts") > 4000);
	EXPECT(number(run, "ts") + number(run, "dur") <= 6000 && number(run, "dur") > 1999);
	run = find(json, "X", "chan receive", 2);
	EXPECT(number(run, "ts") == 11000 && number(run, "dur") == 9000);
	cJSON_Delete(json);
}

static void check_full_disk(void)
{
	struct chrome *chrome = chrome_new(NULL, NULL, 0);
	struct err *err;
	int calls = 0;

	for (int i = 0; i < 2000; i++)
		add_span(chrome, (uint64_t)i, (uint64_t)i + 1, (uint64_t)i, 1);
	err = chrome_write(chrome, put_nowhere, &calls);
	EXPECT(err && !strncmp(err->message, "no room for ", 12) && calls == 1);
	err_free(err);
	chrome_free(chrome);
}

int main(void)
{
	check_empty();
	check_numbers();
	check_times();
	check_clipped();
	check_values();
	check_arrows();
	check_full_disk();
	return failures != 0;
}
