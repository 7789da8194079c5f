/* SPDX-License-Identifier: MIT */
/* One line for each event. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "live/lines.h"

/* The time of day, or with JSON the whole date in UTC, to the second. */
static const char *second_text(struct lines *lines, uint64_t time_ns)
{
	time_t second = (time_t)(time_ns / 1000000000u);
	struct tm tm;

	if (second == lines->second)
		return lines->clock;
	lines->second = second;
	if (lines->json)
		strftime(lines->clock, sizeof(lines->clock), "%Y-%m-%dT%H:%M:%S",
			 gmtime_r(&second, &tm));
	else
		strftime(lines->clock, sizeof(lines->clock), "%H:%M:%S",
			 localtime_r(&second, &tm));
	return lines->clock;
}

/* The function that a code address is in; NULL when the value is none, or it is not known. */
static const struct symplace *code_of(struct lines *lines, const struct event *event,
				      const struct value *value)
{
	const struct symplace *place;

	if (value->kind != VALUE_CODE || !value->u || value->unread)
		return NULL;
	if (!lines->symboliser)
		lines->symboliser = symboliser_new();
	place = symboliser_code(lines->symboliser, event, value->u);
	return place && place->nframes && place->frames[0].line ? place : NULL;
}

static const struct symstack *stack_of(struct lines *lines, const struct event *event)
{
	if (!lines->symboliser)
		lines->symboliser = symboliser_new();
	return symboliser_stack(lines->symboliser, event);
}

static void put_name(struct buf *out, const struct event *event)
{
	buf_text(out, event->provider);
	buf_u8(out, ':');
	buf_text(out, event->name);
}

/* There may be half a million lines a second: printf would be most of the work. */
static void put_text(struct lines *lines, struct buf *out, const struct event *event)
{
	buf_text(out, second_text(lines, event->time_ns));
	buf_u8(out, '.');
	buf_number(out, event->time_ns % 1000000000u / 1000, 6, '0');
	buf_u8(out, ' ');
	buf_number(out, (unsigned)event->pid, 7, ' ');
	buf_u8(out, ' ');
	buf_number(out, event->goid, 6, ' ');
	buf_u8(out, ' ');
	put_name(out, event);
	if (event->start) {
		buf_put(out, " ", 1);
		value_put_duration(out, event->duration_ns);
	}
	for (size_t i = 0; i < event->nvalues; i++) {
		const struct symplace *code = code_of(lines, event, &event->values[i]);

		buf_u8(out, ' ');
		buf_text(out, event->values[i].name);
		buf_u8(out, '=');
		if (code)
			buf_text(out, code->frames[0].func);
		else
			value_put_text(out, &event->values[i]);
	}
	buf_put(out, "\n", 1);
	if (lines->stacks)
		symstack_put_text(out, stack_of(lines, event));
}

/* How long texts were that are not there as a whole. */
static void put_cut(struct buf *out, const struct event *event)
{
	bool any = false;

	for (size_t i = 0; i < event->nvalues; i++) {
		const struct value *value = &event->values[i];

		if (value->full_len <= value->len || value->unread)
			continue;
		buf_printf(out, "%s\"%s\":%" PRIu64, any ? "," : ",\"cut\":{", value->name,
			   value->full_len);
		any = true;
	}
	if (any)
		buf_put(out, "}", 1);
}

static void put_functions(struct lines *lines, struct buf *out, const struct event *event)
{
	bool any = false;

	for (size_t i = 0; i < event->nvalues; i++) {
		const struct symplace *code = code_of(lines, event, &event->values[i]);

		if (!code)
			continue;
		buf_printf(out, "%s\"%s\":", any ? "," : ",\"functions\":{",
			   event->values[i].name);
		value_put_json_string(out, code->frames[0].func, strlen(code->frames[0].func));
		any = true;
	}
	if (any)
		buf_put(out, "}", 1);
}

static void put_json(struct lines *lines, struct buf *out, const struct event *event)
{
	buf_text(out, "{\"time\":\"");
	buf_text(out, second_text(lines, event->time_ns));
	buf_u8(out, '.');
	buf_number(out, event->time_ns % 1000000000u, 9, '0');
	buf_text(out, "Z\",\"pid\":");
	buf_number(out, (unsigned)event->pid, 0, ' ');
	buf_text(out, ",\"tid\":");
	buf_number(out, (unsigned)event->tid, 0, ' ');
	buf_text(out, ",\"goid\":");
	buf_number(out, event->goid, 0, ' ');
	buf_text(out, ",\"probe\":\"");
	put_name(out, event);
	buf_u8(out, '"');
	if (event->start)
		buf_printf(out, ",\"duration_ns\":%" PRIu64, event->duration_ns);
	buf_put(out, ",\"args\":{", 9);
	for (size_t i = 0; i < event->nvalues; i++) {
		buf_text(out, i ? ",\"" : "\"");
		buf_text(out, event->values[i].name);
		buf_text(out, "\":");
		value_put_json(out, &event->values[i]);
	}
	buf_put(out, "}", 1);
	put_cut(out, event);
	put_functions(lines, out, event);
	if (lines->stacks) {
		buf_printf(out, ",\"stack\":");
		symstack_put_json(out, stack_of(lines, event));
	}
	buf_put(out, "}\n", 2);
}

void lines_put(struct lines *lines, struct buf *out, const struct event *event)
{
	(lines->json ? put_json : put_text)(lines, out, event);
}

void lines_free(struct lines *lines)
{
	symboliser_free(lines->symboliser);
	lines->symboliser = NULL;
}
