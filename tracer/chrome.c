/* SPDX-License-Identifier: MIT */
/* Collects events for a trace file: which track each is on, and what it says there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "tracer/chrome_parts.h"

#define LABEL_BYTES 80     /* of a span's name */
#define EXACT (1ull << 53) /* a double holds whole numbers up to here */

static const struct {
	const char *provider, *name; /* beginning of the probe's name */
	const char *category;
} categories[] = {
	{ "net_http", "", "http" }, { "net_http_httputil", "", "http" },
	{ "database_sql", "", "sql" }, { "crypto_tls", "", "tls" }, { "crypto_x509", "", "tls" },
	{ "net", "dns", "dns" }, { "net", "lookup", "dns" }, { "net", "", "net" },
	{ "runtime", "gc_", "gc" }, { "runtime", "stw_", "gc" },
	{ "runtime", "goroutine_", "sched" },
	{ "runtime", "", "runtime" }, { "log_slog", "", "log" }, { "log", "", "log" },
	{ "os", "", "file" }, { "os_exec", "", "process" }, { "sync", "", "sync" },
};

/* The probe whose name says what the event is: of a span, its start. */
static const char *probe_name(const struct event *event)
{
	return event->start ? event->start->listed->name : event->name;
}

static const char *category_of(const struct event *event)
{
	const char *name = probe_name(event);

	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (!strcmp(event->provider, categories[i].provider) &&
		    !strncmp(name, categories[i].name, strlen(categories[i].name)))
			return categories[i].category;
	return event->provider;
}

static bool is_runtime(const struct event *event, const char *name)
{
	return !strcmp(event->provider, "runtime") && !strcmp(probe_name(event), name);
}

static const struct value *value_named(const struct event *event, const char *name)
{
	for (size_t i = 0; i < event->nvalues; i++)
		if (!strcmp(event->values[i].name, name))
			return &event->values[i];
	return NULL;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len > tail && !strcmp(name + len - tail, end);
}

static uint64_t number_named(const struct event *event, const char *name)
{
	const struct value *value = value_named(event, name);

	return value && !value->unread ? value->u : 0;
}

static enum track_kind kind_of(const struct event *event)
{
	const char *name = probe_name(event);

	if (!strcmp(event->provider, "runtime")) {
		if (!strncmp(name, "stw_", 4))
			return TRACK_STW;
		if (!strcmp(name, "gc_start") || !strcmp(name, "gc_end") ||
		    !strcmp(name, "gc_live") || !strcmp(name, "gc_mark_done"))
			return TRACK_GC;
	}
	return event->goid ? TRACK_GOROUTINE : TRACK_NOBODY;
}

static size_t slot_of(const struct chrome *chrome, int pid, enum track_kind kind, uint64_t goid)
{
	uint64_t hash = (goid * 8 + kind) * 0x9e3779b97f4a7c15ull ^
			(uint64_t)(unsigned)pid * 0xc2b2ae3d27d4eb4full;
	size_t slot = (size_t)(hash >> 20) & (chrome->nslots - 1);

	while (chrome->slots[slot]) {
		const struct track *track = &chrome->tracks[chrome->slots[slot] - 1];

		if (track->pid == pid && track->kind == kind && track->goid == goid)
			break;
		slot = (slot + 1) & (chrome->nslots - 1);
	}
	return slot;
}

/* Slots are a power of two and at most half of them are in use. */
static void grow_slots(struct chrome *chrome)
{
	free(chrome->slots);
	chrome->nslots = chrome->nslots ? chrome->nslots * 2 : 256;
	chrome->slots = mem_zalloc(chrome->nslots * sizeof(*chrome->slots));
	for (size_t i = 0; i < chrome->ntracks; i++) {
		const struct track *track = &chrome->tracks[i];

		chrome->slots[slot_of(chrome, track->pid, track->kind, track->goid)] =
			(uint32_t)i + 1;
	}
}

/* The index of the track, which is made when it is not there. */
static uint32_t track_at(struct chrome *chrome, int pid, enum track_kind kind, uint64_t goid)
{
	size_t slot;

	if (kind != TRACK_GOROUTINE)
		goid = 0;
	if (chrome->ntracks * 2 >= chrome->nslots)
		grow_slots(chrome);
	slot = slot_of(chrome, pid, kind, goid);
	if (!chrome->slots[slot]) {
		mem_grow(&chrome->tracks, chrome->ntracks, &chrome->tracks_cap,
			 sizeof(*chrome->tracks));
		chrome->tracks[chrome->ntracks++] = (struct track){
			.pid = pid, .kind = kind, .goid = goid, .nlanes = 1,
		};
		chrome->slots[slot] = (uint32_t)chrome->ntracks;
	}
	return chrome->slots[slot] - 1;
}

static uint32_t goroutine_at(struct chrome *chrome, const struct event *event, uint64_t goid)
{
	return track_at(chrome, event->pid, goid ? TRACK_GOROUTINE : TRACK_NOBODY, goid);
}

static void know_process(struct chrome *chrome, const struct event *event)
{
	const char *path = event->probe->listing->path, *slash = strrchr(path, '/');

	if (chrome_has_process(chrome, event->pid))
		return;
	mem_grow(&chrome->processes, chrome->nprocesses, &chrome->processes_cap,
		 sizeof(*chrome->processes));
	chrome->processes[chrome->nprocesses++] = (struct process){
		event->pid, mem_strdup(slash ? slash + 1 : path)
	};
}

/* Length of text that is at most `max` bytes, without half a character at its end. */
static size_t cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void put_text(struct buf *out, const char *text)
{
	value_put_json_string(out, text, strlen(text));
}

/* What the world is stopped for: numbers of the argument `reason`, which is no enumeration. */
static const char *const stops[] = {
	NULL, "GC mark termination", "GC sweep termination", "heap dump", "goroutine profile",
	"clean-up of a goroutine profile", "stacks of all goroutines", "ReadMemStats",
	"all-threads system call", "GOMAXPROCS", "start of a trace", "end of a trace",
};

static void put_stop(struct buf *out, const struct event *event)
{
	uint64_t reason = number_named(event, "reason");
	const char *name = reason < sizeof(stops) / sizeof(stops[0]) ? stops[reason] : NULL;

	buf_printf(out, "stopped%s%s", name ? ": " : "", name ?: "");
}

/* What waits and stops are called, then the probe's name with its first two texts. */
void chrome_put_label(struct buf *out, const struct event *event)
{
	const struct value *reason = value_named(event, "reason");
	size_t len = strlen(event->name), said = 0;

	if (event->open && ends_in(event->name, "_start")) /* called as the span would be */
		len -= strlen("_start");

	if (reason && (reason->kind != VALUE_ENUM || !reason->text))
		reason = NULL;
	if (is_runtime(event, "goroutine_park") && reason) {
		buf_put(out, reason->text, reason->len);
		return;
	}
	if (kind_of(event) == TRACK_STW && event->start) {
		put_stop(out, event);
		return;
	}
	buf_put(out, event->name, len);
	for (size_t i = 0; i < event->nvalues && said < 2 && out->len < LABEL_BYTES; i++) {
		const struct value *value = &event->values[i];

		if (value->kind != VALUE_STRING || value->unread || !value->len)
			continue;
		buf_printf(out, " ");
		buf_put(out, value->text, cut(value->text, value->len, LABEL_BYTES - out->len));
		said++;
	}
}

static void put_number(struct buf *out, const struct value *value)
{
	bool negative = value->kind != VALUE_UINT && value->i < 0;
	uint64_t size = negative ? -value->u : value->u;
	const char *quote = size > EXACT ? "\"" : "";

	if (value->kind == VALUE_UINT)
		buf_printf(out, "%s%" PRIu64 "%s", quote, value->u, quote);
	else
		buf_printf(out, "%s%" PRId64 "%s", quote, value->i, quote);
}

/* A duration as text, and as a number whose name says what it counts. */
static void put_duration(struct buf *out, const struct value *value)
{
	struct buf text = { 0 };

	bool says_so = ends_in(value->name, "_ns");

	if (!says_so) {
		value_put_text(&text, value);
		buf_printf(out, "\"%s\":", value->name);
		value_put_json_string(out, (const char *)text.data, text.len);
		buf_printf(out, ",");
		buf_free(&text);
	}
	buf_printf(out, "\"%s%s\":", value->name, says_so ? "" : "_ns");
	put_number(out, value);
}

/* An address; of code, with the function that it is in. */
static void put_address(const struct chrome *chrome, struct buf *out, const struct event *event,
			const struct value *value)
{
	const char *name = NULL;
	struct buf text = { 0 };

	if (value->u && chrome->symbol &&
	    (ends_in(value->name, "_pc") || !strcmp(value->name, "pc")))
		name = chrome->symbol(event, value->u, chrome->context);
	buf_printf(&text, "0x%" PRIx64 "%s%s", value->u, name ? " " : "", name ?: "");
	value_put_json_string(out, (const char *)text.data, text.len);
	buf_free(&text);
}

static void put_value(const struct chrome *chrome, struct buf *out, const struct event *event,
		      const struct value *value)
{
	if (!value->unread && value->kind == VALUE_DURATION) {
		put_duration(out, value);
		return;
	}
	buf_printf(out, "\"%s\":", value->name);
	if (value->unread)
		buf_printf(out, "null");
	else if (value->kind == VALUE_ADDRESS || value->kind == VALUE_CODE)
		put_address(chrome, out, event, value);
	else if (value->kind == VALUE_INT || value->kind == VALUE_UINT)
		put_number(out, value);
	else
		value_put_json(out, value);
}

void chrome_put_moment(struct buf *out, uint64_t time)
{
	time_t seconds = (time_t)(time / 1000000000);
	struct tm parts = { 0 };
	char text[40] = "";

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	buf_printf(out, "%s.%09" PRIu64 "Z", text, time % 1000000000);
}

/* The probe's values under their names, and under "event" what is said of every event. */
static void put_args(const struct chrome *chrome, struct buf *out, const struct event *event,
		     unsigned marks)
{
	uint64_t began = event->time_ns - event->duration_ns;
	const char *quote = event->goid > EXACT ? "\"" : "";

	buf_printf(out, "{");
	for (size_t i = 0; i < event->nvalues; i++) {
		put_value(chrome, out, event, &event->values[i]);
		buf_printf(out, ",");
	}
	buf_printf(out, "\"event\":{\"probe\":\"%s:%s\",\"goid\":%s%" PRIu64 "%s,\"thread\":%d,"
		   "\"%s\":\"", event->provider, event->name, quote, event->goid, quote, event->tid,
		   event->start ? "ended" : event->open ? "started" : "time");
	chrome_put_moment(out, event->time_ns);
	buf_printf(out, "\"");
	if (began < chrome->from && !event->open) {
		buf_printf(out, ",\"started\":\"");
		chrome_put_moment(out, began);
		buf_printf(out, "\"");
	}
	if (event->open)
		buf_printf(out, ",\"unfinished\":true");
	if (marks & CHROME_FAILED)
		buf_printf(out, ",\"failed\":true");
	if (marks & CHROME_TRIGGER)
		buf_printf(out, ",\"trigger\":true");
	buf_printf(out, "}}");
}

/* Opens an item; what it says is appended to chrome->texts until end_item(). */
static struct item *start_item(struct chrome *chrome, uint32_t track, const char *category,
			       const char *name, size_t name_len)
{
	struct item *item;

	mem_grow(&chrome->items, chrome->nitems, &chrome->items_cap, sizeof(*chrome->items));
	item = &chrome->items[chrome->nitems++];
	*item = (struct item){ .track = track, .text = chrome->texts.len };
	buf_printf(&chrome->texts, "\"name\":");
	value_put_json_string(&chrome->texts, name, name_len);
	buf_printf(&chrome->texts, ",\"cat\":\"%s\",\"args\":", category);
	return item;
}

static void end_item(struct chrome *chrome, struct item *item, uint64_t start, uint64_t end)
{
	if (start < chrome->from)
		start = chrome->from;
	item->span.start = start;
	item->span.end = end > start ? end : start;
	item->text_len = (uint32_t)(chrome->texts.len - item->text);
	if (!chrome->start || start < chrome->start)
		chrome->start = start;
	if (end > chrome->end && end != TIME_OPEN)
		chrome->end = end;
}

static uint32_t add_item(struct chrome *chrome, const struct event *event, uint32_t track,
			 unsigned marks, const char *label, size_t label_len)
{
	struct item *item = start_item(chrome, track, category_of(event), label, label_len);

	item->is_span = event->start || event->open;
	item->failed = marks & CHROME_FAILED;
	put_args(chrome, &chrome->texts, event, marks);
	end_item(chrome, item, event->time_ns - (event->start ? event->duration_ns : 0),
		 event->open ? TIME_OPEN : event->time_ns);
	return (uint32_t)(item - chrome->items);
}

/* A span without an event of its own, that an arrow from item `from` leads to. */
static void add_target(struct chrome *chrome, uint32_t track, const char *name, uint64_t start,
		       uint64_t end, uint32_t from)
{
	struct item *item = start_item(chrome, track, "sched", name, strlen(name));

	item->is_span = true;
	item->from = from + 1;
	buf_printf(&chrome->texts, "{}");
	end_item(chrome, item, start, end);
	chrome->items[from].is_span = true; /* what an arrow comes from */
	chrome->items[from].to = (uint32_t)(item - chrome->items) + 1;
}

/* The function that a goroutine starts with, from events that name it. */
static void know_function(struct chrome *chrome, const struct event *event, uint32_t track)
{
	uint64_t pc = number_named(event, "start_pc");
	const char *name = NULL;

	if (pc && chrome->symbol && !chrome->tracks[track].function)
		name = chrome->symbol(event, pc, chrome->context);
	if (name)
		chrome->tracks[track].function = mem_strdup(name);
}

/* A go statement: on the goroutine that ran it, with an arrow to the new one. */
static void add_create(struct chrome *chrome, const struct event *event, unsigned marks)
{
	uint32_t parent = goroutine_at(chrome, event, number_named(event, "parent_goid"));
	uint32_t child = goroutine_at(chrome, event, event->goid), from;
	struct buf label = { 0 };

	know_function(chrome, event, child);
	buf_printf(&label, "go %s", chrome->tracks[child].function ?: "");
	if (!chrome->tracks[child].function)
		buf_printf(&label, "goroutine %" PRIu64, event->goid);
	from = add_item(chrome, event, parent, marks, (const char *)label.data, label.len);
	buf_free(&label);
	if (event->goid)
		add_target(chrome, child, "created", event->time_ns + LANES_GAP,
			   event->time_ns + LANES_GAP, from);
}

/* What makes another goroutine runnable; its wait, when it ends, gets the arrow. */
static void add_ready(struct chrome *chrome, const struct event *event, unsigned marks)
{
	uint32_t waker = goroutine_at(chrome, event, number_named(event, "waker_goid"));
	uint32_t woken = goroutine_at(chrome, event, event->goid), item;
	char label[60];
	int len = snprintf(label, sizeof(label), "wake goroutine %" PRIu64, event->goid);

	item = add_item(chrome, event, waker, marks, label, (size_t)len);
	chrome->tracks[woken].ready = event->time_ns;
	chrome->tracks[woken].ready_item = item;
}

static void add_wait(struct chrome *chrome, const struct event *event, uint32_t index)
{
	struct track *track = &chrome->tracks[index];
	uint64_t start = event->time_ns - event->duration_ns;
	uint64_t ready = track->ready;

	track->ready = 0;
	if (event->open)
		add_target(chrome, index, "runnable", ready + LANES_GAP, TIME_OPEN,
			   track->ready_item);
	else if (ready >= start && ready + LANES_GAP < event->time_ns)
		add_target(chrome, index, "runnable", ready + LANES_GAP, event->time_ns,
			   track->ready_item);
}

/* A wait that seems open but whose goroutine did something since: its end was not recorded. */
static bool is_over(const struct chrome *chrome, const struct event *event, uint32_t track)
{
	return event->open && is_runtime(event, "goroutine_park") &&
	       chrome->tracks[track].last > event->time_ns;
}

void chrome_add(struct chrome *chrome, const struct event *event, unsigned marks)
{
	struct buf label = { 0 };
	uint32_t track;

	know_process(chrome, event);
	if (is_runtime(event, "goroutine_create")) {
		add_create(chrome, event, marks);
		chrome->nevents++;
		return;
	}
	if (is_runtime(event, "goroutine_ready")) {
		add_ready(chrome, event, marks);
		chrome->nevents++;
		return;
	}
	track = track_at(chrome, event->pid, kind_of(event), event->goid);
	if (is_over(chrome, event, track))
		return;
	chrome->nevents++;
	if (event->time_ns > chrome->tracks[track].last)
		chrome->tracks[track].last = event->time_ns;
	know_function(chrome, event, track);
	chrome_put_label(&label, event);
	add_item(chrome, event, track, marks, (const char *)label.data, label.len);
	buf_free(&label);
	if (is_runtime(event, "goroutine_park") && (event->start || event->open) &&
	    chrome->tracks[track].ready)
		add_wait(chrome, event, track);
}

void chrome_mark_cause(struct chrome *chrome, int pid, uint64_t start, uint64_t end,
		       const char *text)
{
	struct buf label = { 0 };
	struct item *item;

	if (!pid && chrome->nprocesses)
		pid = chrome->processes[0].pid;
	if (!chrome_has_process(chrome, pid))
		return;
	buf_printf(&label, "cause: %s", text);
	item = start_item(chrome, track_at(chrome, pid, TRACK_CAUSE, 0), "recorder",
			  (const char *)label.data, label.len);
	item->is_span = end > start;
	buf_printf(&chrome->texts, "{}");
	end_item(chrome, item, start, end);
	buf_free(&label);
}

void chrome_until(struct chrome *chrome, uint64_t time)
{
	if (time > chrome->end)
		chrome->end = time;
}

void chrome_note(struct chrome *chrome, const char *key, const char *text)
{
	buf_printf(&chrome->notes, chrome->notes.len ? "," : "");
	put_text(&chrome->notes, key);
	buf_printf(&chrome->notes, ":");
	put_text(&chrome->notes, text);
}

bool chrome_has_process(const struct chrome *chrome, int pid)
{
	for (size_t i = 0; i < chrome->nprocesses; i++)
		if (chrome->processes[i].pid == pid)
			return true;
	return false;
}

size_t chrome_count(const struct chrome *chrome)
{
	return chrome->nevents;
}

void chrome_times(const struct chrome *chrome, uint64_t *start_ret, uint64_t *end_ret)
{
	*start_ret = chrome->start;
	*end_ret = chrome->end;
}

struct chrome *chrome_new(chrome_symbol_fn *symbol, void *context, uint64_t from)
{
	struct chrome *chrome = mem_zalloc(sizeof(*chrome));

	chrome->symbol = symbol;
	chrome->context = context;
	chrome->from = from;
	return chrome;
}

void chrome_free(struct chrome *chrome)
{
	if (!chrome)
		return;
	for (size_t i = 0; i < chrome->ntracks; i++)
		free(chrome->tracks[i].function);
	for (size_t i = 0; i < chrome->nprocesses; i++)
		free(chrome->processes[i].name);
	free(chrome->tracks);
	free(chrome->slots);
	free(chrome->items);
	free(chrome->processes);
	buf_free(&chrome->texts);
	buf_free(&chrome->notes);
	free(chrome);
}
