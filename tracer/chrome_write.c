/* SPDX-License-Identifier: MIT */
/* Lays the collected events out on tracks and writes the trace file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tracer/chrome_parts.h"

#define PIECE 65536 /* bytes that are handed out at a time */

struct writer {
	struct chrome *chrome;
	chrome_put_fn *put;
	void *context;
	struct buf buf;
	struct err *err;
	bool any; /* a comma comes before the next event */
};

static void flush(struct writer *writer)
{
	if (!writer->err && writer->buf.len)
		writer->err = writer->put(writer->buf.data, writer->buf.len, writer->context);
	writer->buf.len = 0;
}

/* Opens the next event of the file: {"ph":"X" */
static struct buf *next_event(struct writer *writer, const char *phase)
{
	if (writer->buf.len >= PIECE)
		flush(writer);
	buf_printf(&writer->buf, "%s\n{\"ph\":\"%s\"", writer->any ? "," : "", phase);
	writer->any = true;
	return &writer->buf;
}

static int by_track(const void *left, const void *right)
{
	const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;

	if (a->track != b->track)
		return a->track < b->track ? -1 : 1;
	if (a->span.start != b->span.start)
		return a->span.start < b->span.start ? -1 : 1;
	if (a->span.end != b->span.end)
		return a->span.end > b->span.end ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int by_time(const void *left, const void *right)
{
	const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;

	if (a->span.start != b->span.start)
		return a->span.start < b->span.start ? -1 : 1;
	return by_track(left, right);
}

/* Gives the spans of items[0 .. n - 1], all of one track, their lanes. */
static void lay_track(struct chrome *chrome, struct item **items, size_t n,
		      struct lanes_span **spans)
{
	size_t nspans = 0;

	for (size_t i = 0; i < n; i++)
		if (items[i]->is_span)
			spans[nspans++] = &items[i]->span;
	if (nspans)
		chrome->tracks[items[0]->track].nlanes = lanes_lay(spans, nspans);
}

/* Items in the order of the file: by time, what is longer first. The caller owns the array. */
static struct item **lay_items(struct chrome *chrome)
{
	struct item **items = mem_zalloc((chrome->nitems + 1) * sizeof(*items));
	struct lanes_span **spans = mem_zalloc((chrome->nitems + 1) * sizeof(*spans));

	for (size_t i = 0; i < chrome->nitems; i++) {
		items[i] = &chrome->items[i];
		if (items[i]->span.end == TIME_OPEN)
			items[i]->span.end = chrome->end;
		if (items[i]->span.end < items[i]->span.start)
			items[i]->span.end = items[i]->span.start;
	}
	qsort(items, chrome->nitems, sizeof(*items), by_track);
	for (size_t i = 0, end; i < chrome->nitems; i = end) {
		for (end = i + 1; end < chrome->nitems && items[end]->track == items[i]->track;)
			end++;
		lay_track(chrome, items + i, end - i, spans);
	}
	qsort(items, chrome->nitems, sizeof(*items), by_time);
	free(spans);
	return items;
}

static int by_goid(const void *left, const void *right)
{
	const struct track *a = *(struct track *const *)left, *b = *(struct track *const *)right;

	if (a->goid != b->goid)
		return a->goid < b->goid ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static int by_rank(const void *left, const void *right)
{
	const struct track *a = *(struct track *const *)left, *b = *(struct track *const *)right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return by_goid(left, right);
}

static bool is_pid(const struct chrome *chrome, uint64_t number)
{
	for (size_t i = 0; i < chrome->nprocesses; i++)
		if ((uint64_t)chrome->processes[i].pid == number)
			return true;
	return false;
}

/* Numbers the tracks; one goroutine id of two processes stays only with the first. */
static struct track **number_tracks(struct chrome *chrome)
{
	struct track **tracks = mem_zalloc((chrome->ntracks + 1) * sizeof(*tracks));
	uint32_t next = TRACK_FIRST, rank = 0;
	uint64_t last = 0;

	for (size_t i = 0; i < chrome->ntracks; i++)
		tracks[i] = &chrome->tracks[i];
	qsort(tracks, chrome->ntracks, sizeof(*tracks), by_goid);
	for (size_t i = 0; i < chrome->ntracks; i++) {
		uint64_t goid = tracks[i]->goid;

		if (goid && goid != last && goid < TRACK_FIRST && !is_pid(chrome, goid))
			tracks[i]->tid = (uint32_t)goid;
		else
			tracks[i]->tid = next++;
		last = goid;
		tracks[i]->more_tids = next;
		next += tracks[i]->nlanes - 1;
	}
	qsort(tracks, chrome->ntracks, sizeof(*tracks), by_rank);
	for (size_t i = 0; i < chrome->ntracks; i++) {
		tracks[i]->rank = rank;
		rank += tracks[i]->nlanes;
	}
	return tracks;
}

static uint32_t tid_of(const struct track *track, uint32_t lane)
{
	return lane ? track->more_tids + lane - 1 : track->tid;
}

static void write_track(struct writer *writer, const struct track *track, uint32_t lane)
{
	static const char *const names[] = { "cause of the recording", "stop the world",
					     "garbage collector", "no goroutine" };
	struct buf name = { 0 }, *out;

	if (track->kind == TRACK_GOROUTINE)
		buf_printf(&name, "goroutine %" PRIu64, track->goid);
	else
		buf_printf(&name, "%s", names[track->kind]);
	if (lane)
		buf_printf(&name, " (%u)", lane + 1);
	if (track->function)
		buf_printf(&name, " %s", track->function);
	out = next_event(writer, "M");
	buf_printf(out, ",\"pid\":%d,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":",
		   track->pid, tid_of(track, lane));
	value_put_json_string(out, (const char *)name.data, name.len);
	buf_printf(out, "}}");
	out = next_event(writer, "M");
	buf_printf(out, ",\"pid\":%d,\"tid\":%u,\"name\":\"thread_sort_index\","
		   "\"args\":{\"sort_index\":%u}}", track->pid, tid_of(track, lane),
		   track->rank + lane);
	buf_free(&name);
}

static void write_tracks(struct writer *writer, struct track *const *tracks)
{
	const struct chrome *chrome = writer->chrome;

	for (size_t i = 0; i < chrome->nprocesses; i++) {
		const struct process *process = &chrome->processes[i];
		struct buf *out = next_event(writer, "M");

		buf_printf(out, ",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":",
			   process->pid);
		value_put_json_string(out, process->name, strlen(process->name));
		buf_printf(out, "}}");
	}
	for (size_t i = 0; i < chrome->ntracks; i++)
		for (uint32_t lane = 0; lane < tracks[i]->nlanes; lane++)
			write_track(writer, tracks[i], lane);
}

/* Nanoseconds as microseconds. */
static void put_time(struct buf *out, const char *key, uint64_t ns)
{
	buf_printf(out, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000));
}

static void put_place(struct writer *writer, struct buf *out, const struct item *item)
{
	const struct track *track = &writer->chrome->tracks[item->track];

	put_time(out, "ts", item->span.start - writer->chrome->start);
	buf_printf(out, ",\"pid\":%d,\"tid\":%u", track->pid, tid_of(track, item->span.lane));
}

/* One end of an arrow, which has the number of the item that it comes from. */
static void write_arrow(struct writer *writer, const struct item *item, const char *phase,
			size_t id)
{
	struct buf *out = next_event(writer, phase);

	put_place(writer, out, item);
	buf_printf(out, ",\"id\":%zu,\"name\":\"wakes\",\"cat\":\"sched\"%s}", id,
		   *phase == 'f' ? ",\"bp\":\"e\"" : "");
}

static void write_item(struct writer *writer, const struct item *item)
{
	const struct chrome *chrome = writer->chrome;
	struct buf *out = next_event(writer, item->is_span ? "X" : "i");

	put_place(writer, out, item);
	if (item->is_span)
		put_time(out, "dur", item->span.end - item->span.start);
	else
		buf_printf(out, ",\"s\":\"t\"");
	buf_printf(out, "%s,", item->failed ? ",\"cname\":\"terrible\"" : "");
	buf_put(out, chrome->texts.data + item->text, item->text_len);
	buf_printf(out, "}");
	if (item->to)
		write_arrow(writer, item, "s", (size_t)(item - chrome->items) + 1);
	if (item->from)
		write_arrow(writer, item, "f", item->from);
}

/* The events come first: Perfetto reads nothing behind a key that it does not know. */
struct err *chrome_write(struct chrome *chrome, chrome_put_fn *put, void *context)
{
	struct writer writer = { .chrome = chrome, .put = put, .context = context };
	struct item **items = lay_items(chrome);
	struct track **tracks = number_tracks(chrome);

	buf_printf(&writer.buf, "{\"traceEvents\":[");
	write_tracks(&writer, tracks);
	for (size_t i = 0; i < chrome->nitems && !writer.err; i++)
		write_item(&writer, items[i]);
	buf_printf(&writer.buf, "\n],\"displayTimeUnit\":\"ms\",\"otherData\":{");
	buf_put(&writer.buf, chrome->notes.data, chrome->notes.len);
	buf_printf(&writer.buf, "}}\n");
	flush(&writer);
	buf_free(&writer.buf);
	free(items);
	free(tracks);
	return writer.err;
}
