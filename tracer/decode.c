/* SPDX-License-Identifier: MIT */
/* From words and texts to named values. */
#include <string.h>

#include "tracer/decode.h"

/* The dynamic type by the first word of an interface. */
static const char *type_name(const struct sel_probe *probe, const struct wire_hit *hit,
			     const struct value *value)
{
	if (!value->u || value->unread)
		return NULL;
	return program_type(probe->program, value->u - hit->moved,
			    value->kind == VALUE_ERROR || !strncmp(value->go_type, "interface", 9));
}

static const char *enum_name(const struct meta_enum *numbers, uint64_t number)
{
	for (size_t i = 0; i < numbers->nvalues; i++)
		if (numbers->values[i].value == number)
			return numbers->values[i].name;
	return NULL;
}

static void put_text(const struct decoder *decoder, const struct wire_hit *hit, const char *texts,
		     const struct sel_arg *arg, struct value *value)
{
	int64_t len = (int64_t)hit->words[arg->len_word];

	value->full_len = len > 0 ? (uint64_t)len : 0;
	if (arg->slot < 0) {
		value->unread = value->full_len > 0;
		return;
	}
	value->unread |= (hit->bad_texts >> arg->slot & 1) && value->full_len;
	value->unread |= hit->bad_words >> arg->len_word & 1;
	value->text = texts + (size_t)arg->slot * decoder->slot_bytes;
	value->len = value->full_len < decoder->slot_bytes ? (size_t)value->full_len :
							     decoder->slot_bytes;
}

static void put_value(struct decoder *decoder, const struct sel_probe *probe,
		      const struct wire_hit *hit, const char *texts, const struct sel_arg *arg,
		      struct value *value)
{
	*value = (struct value){
		.name = arg->name, .go_type = arg->go_type, .kind = arg->kind,
		.u = hit->words[arg->word], .unread = hit->bad_words >> arg->word & 1,
	};
	switch (arg->kind) {
	case VALUE_STRING:
	case VALUE_BYTES:
	case VALUE_IP:
		put_text(decoder, hit, texts, arg, value);
		break;
	case VALUE_SLICE:
		value->data = value->u;
		value->u = hit->words[arg->len_word];
		value->unread = hit->bad_words >> arg->len_word & 1;
		break;
	case VALUE_INTERFACE:
		value->data = hit->words[arg->word + 1];
		value->type_name = type_name(probe, hit, value);
		break;
	case VALUE_ERROR:
		value->data = hit->words[arg->word + 1];
		value->type_name = type_name(probe, hit, value);
		if (arg->found_text && !(hit->error_texts >> arg->slot & 1))
			break;
		if (!value->u || arg->slot < 0 || !hit->words[arg->len_word] ||
		    hit->bad_texts >> arg->slot & 1)
			break;
		put_text(decoder, hit, texts, arg, value);
		break;
	case VALUE_ENUM:
		value->text = enum_name(arg->numbers, value->u);
		value->len = value->text ? strlen(value->text) : 0;
		value->full_len = value->len;
		break;
	default:
		break;
	}
}

static void put_hit(struct decoder *decoder, const struct sel_probe *probe,
		    const struct wire_hit *hit, const char *texts, struct event *event)
{
	for (size_t i = 0; i < probe->nargs; i++)
		put_value(decoder, probe, hit, texts, &probe->args[i],
			  &decoder->values[event->nvalues++]);
}

static uint64_t goid_of(const struct sel_probe *probe, const struct wire_hit *hit)
{
	return selection_has_goid(probe) ? hit->words[0] : 0;
}

static void put_frames(struct decoder *decoder, const struct wire_record *record,
		       const uint64_t *frames, struct event *event)
{
	size_t n = record->nframes < WIRE_FRAMES ? record->nframes : WIRE_FRAMES, skip = 1;

	event->frames = decoder->frames;
	if (!n)
		return;
	decoder->frames[event->nframes++] = frames[0];
	if (record->caller) {
		decoder->frames[event->nframes++] = record->caller;
		if (n > 1 && frames[1] == record->caller)
			skip = 2; /* newer kernels look for it themselves */
	}
	memcpy(decoder->frames + event->nframes, frames + skip, (n - skip) * sizeof(*frames));
	event->nframes += n - skip;
}

bool decode_record(struct decoder *decoder, const struct wire_record *record, size_t size,
		   struct event *event_ret)
{
	const struct selection *sel = decoder->sel;
	const char *texts = (const char *)(record + 1);
	size_t slots = sel->end_slots + sel->start_slots;
	const char *stack = texts + slots * decoder->slot_bytes;

	if (size < offsetof(struct wire_record, start) || record->hit.site >= sel->nsites)
		return false;
	const struct sel_site *site = &sel->sites[record->hit.site];
	struct sel_probe *probe = site->probe;
	struct event *event = event_ret;

	*event = (struct event){
		.time_ns = record->hit.time + decoder->monotonic_to_real,
		.clock_ns = record->hit.time,
		.provider = probe->seen.listed->provider, .name = probe->seen.listed->name,
		.probe = &probe->seen, .goid = goid_of(probe, &record->hit),
		.pid = (int)record->tgid, .tid = (int)record->tid, .values = decoder->values,
		.func_addr = site->listed->meta ? site->listed->meta->func_addr : 0,
	};
	if (record->is_span && probe->partner && size >= sizeof(*record)) {
		event->start = &probe->partner->seen;
		event->name = probe->span_name;
		event->duration_ns = record->duration;
		put_hit(decoder, probe->partner, &record->start,
			texts + sel->end_slots * decoder->slot_bytes, event);
	}
	put_hit(decoder, probe, &record->hit, texts, event);
	if (size >= (size_t)(stack - (const char *)record) + WIRE_FRAMES * sizeof(uint64_t))
		put_frames(decoder, record, (const uint64_t *)(const void *)stack, event);
	return true;
}

bool decode_open(struct decoder *decoder, const struct wire_open *open, struct event *event_ret)
{
	if (open->hit.site >= decoder->sel->nsites || !open->hit.time)
		return false;
	const struct sel_site *site = &decoder->sel->sites[open->hit.site];
	const struct sel_probe *probe = site->probe;

	*event_ret = (struct event){
		.time_ns = open->hit.time + decoder->monotonic_to_real,
		.clock_ns = open->hit.time,
		.provider = probe->seen.listed->provider, .name = probe->seen.listed->name,
		.probe = &probe->seen, .goid = goid_of(probe, &open->hit),
		.open = true,
		.pid = (int)open->tgid, .tid = (int)open->tid, .values = decoder->values,
		.func_addr = site->listed->meta ? site->listed->meta->func_addr : 0,
	};
	put_hit(decoder, probe, &open->hit, (const char *)(open + 1), event_ret);
	return true;
}
