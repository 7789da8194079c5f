/* SPDX-License-Identifier: MIT */
/* Adds up the stacks of events. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "live/stacks.h"
#include "tracer/value.h"

/* Names of values are those of Go's own profiles of the same kind. */
static const struct preset {
	const char *patterns[7];
	const char *title;
	const char *value, *by;
	struct profile_type events, sum;
} presets[] = {
	[STACKS_PATTERNS] = { .events = { "events", "count" } },
	[STACKS_ALLOCATIONS] = {
		.patterns = { "runtime:alloc_sample" },
		.title = "allocations",
		.value = "size",
		.events = { "alloc_objects", "count" },
		.sum = { "alloc_space", "bytes" },
	},
	[STACKS_LARGE] = {
		.patterns = { "runtime:malloc_large" },
		.title = "large allocations",
		.value = "size",
		.events = { "alloc_objects", "count" },
		.sum = { "alloc_space", "bytes" },
	},
	[STACKS_BLOCKING] = {
		.patterns = { "runtime:goroutine_park", "runtime:goroutine_unpark" },
		.title = "waits of goroutines",
		.value = "duration",
		.by = "reason",
		.events = { "contentions", "count" },
		.sum = { "delay", "nanoseconds" },
	},
	[STACKS_LOCKS] = {
		.patterns = { "sync:mutex_wait_start", "sync:mutex_wait_end",
			      "sync:rwmutex_lock_start", "sync:rwmutex_lock_end",
			      "sync:rwmutex_read_wait_start", "sync:rwmutex_read_wait_end" },
		.title = "waits for locks",
		.value = "duration",
		.events = { "contentions", "count" },
		.sum = { "delay", "nanoseconds" },
	},
	[STACKS_CREATORS] = {
		.patterns = { "runtime:goroutine_create" },
		.title = "goroutines started",
		.events = { "goroutines", "count" },
	},
};

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && !strcmp(text + len - tail, end);
}

/* Arguments carry no units; these names are used for nothing but bytes. */
static const char *unit_of(const char *value)
{
	if (!strcmp(value, "duration") || ends_in(value, "_ns"))
		return "nanoseconds";
	if (ends_in(value, "size") || ends_in(value, "bytes"))
		return "bytes";
	return "count";
}

static char *title_of(const struct stacks *stacks)
{
	const struct session_options *session = &stacks->tracing.session;
	const char *title = presets[stacks->preset].title;
	struct buf out = { 0 };

	if (title)
		buf_printf(&out, "%s", title);
	for (int i = 0; !title && i < session->npatterns; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", session->patterns[i]);
	if (!title && stacks->value)
		buf_printf(&out, " by %s", stacks->value);
	buf_u8(&out, 0);
	return (char *)out.data;
}

static void choose_types(struct stacks *stacks)
{
	const struct preset *preset = &presets[stacks->preset];
	struct profile *profile = &stacks->profile;

	profile->types[profile->ntypes++] = preset->events;
	if (stacks->value)
		profile->types[profile->ntypes++] = preset->sum.name ? preset->sum :
			(struct profile_type){ stacks->value, unit_of(stacks->value) };
	if (stacks->preset == STACKS_ALLOCATIONS)
		profile->period = stacks->rate;
	profile->title = title_of(stacks);
}

struct err *stacks_prepare(struct stacks *stacks, const struct options *opts)
{
	const struct preset *preset = &presets[stacks->preset];
	struct session_options *session = &stacks->tracing.session;

	TRY(tracing_operands(&stacks->tracing, opts, stacks->preset ? preset->patterns : NULL));
	if (!session->npatterns)
		return err_code(EXIT_USAGE, "which probes? Say a PATTERN, as in "
				"'net_http:client_*', or --blocking, --allocations ...");
	if (stacks->preset && session->patterns != preset->patterns)
		return err_code(EXIT_USAGE, "PATTERN '%s' and a preset such as --blocking cannot "
				"go together", session->patterns[0]);
	if (stacks->preset && stacks->value)
		return err_code(EXIT_USAGE, "--value %s: what counts is set by the preset",
				stacks->value);
	if (!stacks->rate)
		return err_code(EXIT_USAGE, "--rate 0: such a program takes no samples");
	stacks->value = stacks->preset ? preset->value : stacks->value;
	if (preset->by && stacks->nby < PROFILE_LABELS)
		stacks->by[stacks->nby++] = preset->by;
	session->stacks = true;
	session->spans = (stacks->value && !strcmp(stacks->value, "duration")) ||
			 (session->filter && strstr(session->filter, "duration"));
	stacks->tracing.keep_ptrace = true;
	choose_types(stacks);
	return NULL;
}

/* The value as a number to add up; false when it has none that is 0 or more. */
static bool number_of(const struct value *value, double *number_ret)
{
	if (!value || value->unread)
		return false;
	switch (value->kind) {
	case VALUE_INT:
	case VALUE_DURATION:
		*number_ret = (double)value->i;
		return value->i >= 0;
	case VALUE_UINT:
	case VALUE_BOOL:
	case VALUE_SLICE:
		*number_ret = (double)value->u;
		return true;
	case VALUE_STRING:
	case VALUE_BYTES:
		*number_ret = (double)value->full_len;
		return true;
	default:
		return false;
	}
}

static bool measure(const struct stacks *stacks, const struct event *event, double values[])
{
	values[0] = 1;
	if (!stacks->value)
		return true;
	if (!strcmp(stacks->value, "duration")) {
		values[1] = (double)event->duration_ns;
		return event->start;
	}
	if (!number_of(event_value(event, stacks->value), &values[1]))
		return false;
	/*
	 * The heap profile samples at random, on average once in `rate` bytes: an object of
	 * `size` bytes with probability 1 - exp(-size/rate). runtime/pprof scales likewise.
	 */
	if (stacks->preset == STACKS_ALLOCATIONS && stacks->rate > 1 && values[1] > 0) {
		values[0] = 1 / (1 - exp(-values[1] / (double)stacks->rate));
		values[1] *= values[0];
	}
	return true;
}

/* What an event is to be told apart by; NULL when it has no such value. */
static char *label_text(const struct event *event, const char *by)
{
	const struct value *value;
	struct buf out = { 0 };

	if (!strcmp(by, "probe"))
		return mem_printf("%s:%s", event->provider, event->name);
	if (!strcmp(by, "pid"))
		return mem_printf("%d", event->pid);
	if (!strcmp(by, "goid"))
		return mem_printf("%" PRIu64, event->goid);
	value = event_value(event, by);
	if (!value)
		return NULL;
	if (value->kind == VALUE_ENUM && value->text)
		buf_put(&out, value->text, value->len);
	else
		value_put_text(&out, value);
	buf_u8(&out, 0);
	return (char *)out.data;
}

static bool is_runtime(const struct symplace *place)
{
	for (size_t i = 0; i < place->nframes; i++) {
		const char *func = place->frames[i].func;

		if (strncmp(func, "runtime.", 8) && strncmp(func, "internal/runtime/", 17))
			return false;
	}
	return true;
}

static bool has_func(const struct symplace *place, const char *name)
{
	for (size_t i = 0; i < place->nframes; i++)
		if (!strcmp(place->frames[i].func, name))
			return true;
	return false;
}

/*
 * A RWMutex has a Mutex for its writers: that wait is a part of rwmutex_lock, and would be
 * counted twice.
 */
static bool is_inner_lock(const struct event *event, const struct symstack *stack)
{
	if (strncmp(event->name, "mutex_wait", 10))
		return false;
	for (size_t i = 0; i < stack->nplaces && i < 3; i++)
		if (has_func(stack->places[i], "sync.(*RWMutex).Lock"))
			return true;
	return false;
}

/* Leaves out the runtime's frames below the program's; false: there is nothing else. */
static bool trim(const struct stacks *stacks, const struct symstack *stack, size_t *first_ret)
{
	size_t first = 0;

	*first_ret = 0;
	if (!stacks->preset || stacks->whole)
		return true;
	while (first < stack->nplaces && is_runtime(stack->places[first]))
		first++;
	if (first < stack->nplaces)
		*first_ret = first;
	return first < stack->nplaces || !stack->nplaces;
}

static void add_stack(struct stacks *stacks, const struct event *event,
		      const struct symstack *stack, struct profile_sample *sample)
{
	const struct value *start = stacks->preset != STACKS_CREATORS ? NULL :
				    event_value(event, "start_pc");
	const struct symplace **places = NULL;
	size_t first;

	if (!trim(stacks, stack, &first) &&
	    (stacks->preset == STACKS_BLOCKING || stacks->preset == STACKS_CREATORS))
		return; /* a goroutine of the runtime's own */
	sample->places = stack->places + first;
	sample->nplaces = stack->nplaces - first;
	if (start && start->u) {
		places = mem_zalloc((sample->nplaces + 1) * sizeof(*places));
		places[0] = symboliser_code(stacks->symboliser, event, start->u);
		memcpy(places + 1, sample->places, sample->nplaces * sizeof(*places));
		sample->places = places;
		sample->nplaces++;
	}
	profile_add(&stacks->profile, sample);
	free(places);
}

static void on_event(const struct event *event, void *context)
{
	struct stacks *stacks = context;
	struct profile_sample sample = { .nlabels = stacks->nby };

	stacks->seen++;
	if (!measure(stacks, event, sample.values)) {
		stacks->without++;
		return;
	}
	const struct symstack *stack = symboliser_stack(stacks->symboliser, event);

	if (stacks->preset == STACKS_LOCKS && is_inner_lock(event, stack))
		return;
	for (size_t i = 0; i < stacks->nby; i++) {
		sample.labels[i].name = stacks->by[i];
		sample.labels[i].text = label_text(event, stacks->by[i]);
		stacks->has_by[i] |= sample.labels[i].text != NULL;
		if (!sample.labels[i].text)
			sample.labels[i].text = mem_strdup("-");
	}
	add_stack(stacks, event, stack, &sample);
	for (size_t i = 0; i < stacks->nby; i++)
		free(sample.labels[i].text);
}

static void on_start(void *context)
{
	struct stacks *stacks = context;

	stacks->profile.time_ns = clock_ns(CLOCK_REALTIME);
	stacks->profile.duration_ns = clock_ns(CLOCK_MONOTONIC);
}

struct err *stacks_collect(struct stacks *stacks)
{
	struct tracing_calls calls = { .on_event = on_event, .on_start = on_start,
				       .context = stacks };

	TRY(tracing_run(&stacks->tracing, &calls));
	stacks->profile.duration_ns = clock_ns(CLOCK_MONOTONIC) - stacks->profile.duration_ns;
	if (stacks->seen && stacks->seen == stacks->without)
		return err_code(EXIT_NO_MATCH, "none of the %" PRIu64 " events has a %s%s",
				stacks->seen, stacks->value, strcmp(stacks->value, "duration") ?
				" that is a number" : ": these probes are in no pair");
	for (size_t i = 0; i < stacks->nby && stacks->profile.nsamples; i++)
		if (!stacks->has_by[i])
			return err_code(EXIT_NO_MATCH, "--by %s: none of the events has such an "
					"argument; see `probes list`", stacks->by[i]);
	if (stacks->without)
		fprintf(stderr, "probes: %" PRIu64 " events without %s are left out\n",
			stacks->without, stacks->value);
	if (!stacks->seen && stacks->preset == STACKS_ALLOCATIONS)
		fprintf(stderr, "probes: a program takes samples of its allocations only when it "
			"uses runtime/pprof or runtime.MemProfile\n");
	return NULL;
}
