/* SPDX-License-Identifier: MIT */
/* Puts together selection, conditions, program and sites, and reads what comes of it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tracer/attach.h"
#include "tracer/decode.h"
#include "tracer/events.skel.h"
#include "tracer/filter.h"
#include "tracer/load.h"
#include "tracer/mapped.h"
#include "tracer/session.h"

enum {
	BATCH = 32768,      /* events handed out before a look at the clock and at signals */
	DRAIN_NS = 5000000, /* longest wait for a record that is being written */
};

struct session {
	struct session_options options;
	struct selection *sel;
	struct filter *filter, *when;
	struct wire_condition *conditions;
	uint32_t nconditions;
	struct loaded loaded;
	struct attachment *attachment;
	struct ring_buffer *ring;
	const uint64_t *consumed, *produced; /* bytes of the ring so far; each in a page */
	struct decoder decoder;
	const uint8_t *kept; /* the flight recorder's ring, mapped */
	size_t kept_stride;
	uint8_t *opened;     /* spans that were open when the recorder was frozen */
	size_t nopened, opened_cap;
	bool triggered, more;
	uint64_t events, filtered;
	/* While a poll runs */
	session_event_fn *fn;
	void *context;
	unsigned batch;
};

/*
 * What makes CLOCK_REALTIME of CLOCK_MONOTONIC. It is kept where the two were not seen to differ
 * otherwise, so that being interrupted between them does not change the order of events.
 */
static void set_clock(struct session *s)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC), real = clock_ns(CLOCK_REALTIME);
	uint64_t after = clock_ns(CLOCK_MONOTONIC), kept = s->decoder.monotonic_to_real;

	if (kept + before > real || kept + after < real)
		s->decoder.monotonic_to_real = real - before - (after - before) / 2;
}

/* Texts are kept at least so far that the condition can be decided. */
static void lengthen_texts(struct session *s, const struct filter *filter)
{
	size_t bytes = filter_text_bytes(filter);

	if (bytes > (s->options.text_bytes ? s->options.text_bytes : LOAD_TEXT))
		s->options.text_bytes = bytes < LOAD_MOST_TEXT ? (unsigned)bytes : LOAD_MOST_TEXT;
}

static struct err *parse_conditions(struct session *s)
{
	const struct session_options *options = &s->options;

	if (options->filter)
		TRY(filter_parse(options->filter, &s->filter));
	if (options->when)
		TRY(filter_parse(options->when, &s->when));
	if (s->filter)
		lengthen_texts(s, s->filter);
	if (s->when)
		lengthen_texts(s, s->when);
	if ((s->filter && filter_needs_spans(s->filter)) ||
	    (s->when && filter_needs_spans(s->when)))
		s->options.spans = true;
	return NULL;
}

/* The condition's number for the kernel, or 0 when it cannot decide anything of it. */
static uint32_t add_condition(struct session *s, const struct filter *filter,
			      const struct sel_probe *probe)
{
	struct wire_condition *to = &s->conditions[s->nconditions];

	filter_compile(filter, s->sel, probe, load_slot_bytes(&s->options, s->sel), to);
	return to->nsteps ? s->nconditions++ : 0;
}

static struct err *compile_conditions(struct session *s)
{
	s->conditions = mem_zalloc((2 * s->sel->nprobes + 1) * sizeof(*s->conditions));
	s->nconditions = 1;
	if (s->filter)
		TRY(filter_check(s->filter, s->sel));
	if (s->when)
		TRY(filter_check(s->when, s->sel));
	for (size_t i = 0; i < s->sel->nprobes; i++) {
		struct sel_probe *probe = &s->sel->probes[i];

		if (probe->role == WIRE_START)
			continue;
		if (s->filter)
			probe->filter = add_condition(s, s->filter, probe);
		if (s->when && !(probe->trigger = add_condition(s, s->when, probe))) {
			/* Undecided: each event is shown to the tracer. */
			s->conditions[s->nconditions].nsteps = 0;
			probe->trigger = s->nconditions++;
		}
	}
	for (size_t i = 0; i < s->sel->nsites; i++) {
		s->sel->sites[i].wire.filter = s->sel->sites[i].probe->filter;
		s->sel->sites[i].wire.trigger = s->sel->sites[i].probe->trigger;
	}
	return NULL;
}

static const struct wire_record *kept_at(const struct session *s, uint64_t number)
{
	return (const void *)(s->kept + (number % s->loaded.kept) * s->kept_stride);
}

/* A record of the flight recorder as it was when it was whole; false when it is not. */
static bool copy_kept(const struct session *s, uint64_t number, struct wire_record *to)
{
	const volatile wire_u64 *sequence = &kept_at(s, number)->sequence;

	if (*sequence != 2 * number + 2)
		return false;
	__sync_synchronize();
	memcpy(to, kept_at(s, number), s->loaded.record_bytes);
	__sync_synchronize();
	return *sequence == 2 * number + 2;
}

static bool trigger_holds(struct session *s, const struct wire_record *record, size_t size)
{
	struct event event;
	bool holds = decode_record(&s->decoder, record, size, &event) &&
		     filter_holds(s->when, &event);

	if (holds && s->fn)
		s->fn(&event, s->context);
	return holds;
}

static void hand_out(struct session *s, const struct wire_record *record, size_t size)
{
	struct event event;

	if (!decode_record(&s->decoder, record, size, &event))
		return;
	if (s->filter && !filter_holds(s->filter, &event)) {
		s->filtered++;
		return;
	}
	s->events++;
	s->fn(&event, s->context);
}

static int on_record(void *context, void *data, size_t size)
{
	struct session *s = context;

	if (!s->kept)
		hand_out(s, data, size);
	else if (!s->triggered)
		s->triggered = trigger_holds(s, data, size);
	if (++s->batch < BATCH)
		return 0;
	s->more = true;
	return -EAGAIN; /* ends this turn; the record counts as read */
}

static struct err *map_kept(struct session *s)
{
	size_t size;

	s->kept_stride = (s->loaded.record_bytes + 7u) & ~7u;
	size = s->kept_stride * s->loaded.kept;
	size = (size + 4095) & ~(size_t)4095;
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED,
			bpf_map__fd(s->loaded.skel->maps.kept), 0);

	if (at == MAP_FAILED)
		return err_sys(errno, "cannot map the flight recorder's ring");
	s->kept = at;
	return NULL;
}

/* The kernel keeps both counts in the ring's first pages (bpf_ringbuf_mmap). */
static struct err *map_counts(struct session *s)
{
	int fd = bpf_map__fd(s->loaded.skel->maps.ring);
	size_t page = (size_t)getpagesize();
	void *consumed = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	void *produced = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);

	s->consumed = consumed == MAP_FAILED ? NULL : consumed;
	s->produced = produced == MAP_FAILED ? NULL : produced;
	if (!s->consumed || !s->produced)
		return err_sys(errno, "cannot map the ring buffer");
	return NULL;
}

static struct err *open_session(struct session *s)
{
	TRY(parse_conditions(s));
	TRY(selection_make(&s->options, &s->sel));
	TRY(compile_conditions(s));
	TRY(load_program(&s->options, s->sel, s->conditions, s->nconditions, &s->loaded));
	s->decoder.sel = s->sel;
	s->decoder.slot_bytes = s->loaded.slot_bytes;
	set_clock(s);
	if (s->loaded.kept)
		TRY(map_kept(s));
	s->ring = ring_buffer__new(bpf_map__fd(s->loaded.skel->maps.ring), on_record, s, NULL);
	if (!s->ring)
		return err_sys(errno, "cannot map the ring buffer");
	TRY(map_counts(s));
	return attach_sites(s->sel, s->loaded.skel->progs.on_hit, s->loaded.multi,
			    s->options.pid, &s->attachment);
}

struct err *session_open(const struct session_options *options, struct session **session_ret)
{
	struct session *s = mem_zalloc(sizeof(*s));

	s->options = *options;
	bool lives = options->pid && !mapped_ended(options->pid);
	struct err *err = open_session(s);

	if (err && lives && mapped_ended(options->pid)) {
		err_free(err);
		err = err_new("process %d ended before it could be traced", options->pid);
	}
	if (err) {
		session_free(s);
		return err;
	}
	*session_ret = s;
	return NULL;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	attach_free(session->attachment);
	ring_buffer__free(session->ring);
	if (session->consumed)
		munmap((void *)session->consumed, (size_t)getpagesize());
	if (session->produced)
		munmap((void *)session->produced, (size_t)getpagesize());
	if (session->kept)
		munmap((void *)session->kept, session->kept_stride * session->loaded.kept);
	load_free(&session->loaded);
	filter_free(session->filter);
	filter_free(session->when);
	free(session->conditions);
	free(session->opened);
	selection_free(session->sel);
	free(session);
}

struct err *session_poll(struct session *session, int timeout_ms, session_event_fn *fn,
			 void *context)
{
	struct session *s = session;
	int n;

	s->fn = fn;
	s->context = context;
	s->batch = 0;
	if (!s->more && timeout_ms) {
		s->loaded.skel->bss->asleep = 1;
		n = ring_buffer__poll(s->ring, timeout_ms);
		s->loaded.skel->bss->asleep = 0;
		if (n < 0 && n != -EINTR && n != -EAGAIN)
			return err_sys(-n, "cannot wait for events");
		set_clock(s);
	}
	s->more = s->batch >= BATCH;
	if (s->more)
		return NULL;
	n = ring_buffer__consume(s->ring);
	if (n < 0 && n != -EAGAIN)
		return err_sys(-n, "cannot read events");
	return NULL;
}

struct err *session_drain(struct session *session, session_event_fn *fn, void *context)
{
	uint64_t wanted = __atomic_load_n(session->produced, __ATOMIC_ACQUIRE);
	uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + DRAIN_NS;

	set_clock(session);
	while (__atomic_load_n(session->consumed, __ATOMIC_ACQUIRE) < wanted &&
	       clock_ns(CLOCK_MONOTONIC) < deadline) {
		TRY(session_poll(session, 0, fn, context));
		if (*session->consumed < wanted)
			sched_yield(); /* a record is being written */
	}
	return NULL;
}

void session_stats(struct session *session, struct session_stats *stats_ret)
{
	const struct events__bss *bss = session->loaded.skel->bss;

	*stats_ret = (struct session_stats){
		.events = session->events,
		.filtered = session->filtered + bss->discarded,
		.lost = bss->lost,
		.lost_starts = bss->lost_starts,
		.probes = session->sel->nprobes,
		.sites = session->sel->nsites,
		.multi = session->loaded.multi,
	};
	for (size_t i = 0; i < session->sel->nfiles; i++)
		for (size_t j = 0; j < session->sel->nsites; j++)
			if (session->sel->sites[j].file == i) {
				stats_ret->files++;
				break;
			}
	if (session->kept) {
		stats_ret->events = bss->kept_next;
		stats_ret->kept = session->loaded.kept;
	}
}

size_t session_nprobes(const struct session *session)
{
	return session->sel->nprobes;
}

const struct session_probe *session_probe_at(const struct session *session, size_t index)
{
	return &session->sel->probes[index].seen;
}

bool session_triggered(const struct session *session)
{
	return session->triggered;
}

static size_t open_bytes(const struct session *s)
{
	return sizeof(struct wire_open) + s->sel->start_slots * (size_t)s->loaded.slot_bytes;
}

/* In batches, as walking from key to key begins anew where one has gone. */
static void copy_open(struct session *s)
{
	enum { AT_ONCE = 512 };
	int map = bpf_map__fd(s->loaded.skel->maps.open_spans), err = 0;
	struct wire_key *keys = mem_zalloc(AT_ONCE * sizeof(*keys));
	uint32_t from, *last = NULL, n;

	for (s->nopened = 0; !err; last = &from) {
		while (s->opened_cap < s->nopened + AT_ONCE)
			mem_grow(&s->opened, s->opened_cap, &s->opened_cap, open_bytes(s));
		n = AT_ONCE;
		err = bpf_map_lookup_batch(map, last, &from, keys,
					   s->opened + s->nopened * open_bytes(s), &n, NULL);
		s->nopened += !err || err == -ENOENT ? n : 0;
	}
	free(keys);
}

struct err *session_freeze(struct session *session)
{
	session->loaded.skel->bss->frozen = 1;
	copy_open(session);
	usleep(2000); /* hits that are being written */
	return NULL;
}

void session_thaw(struct session *session)
{
	session->triggered = false;
	session->loaded.skel->bss->frozen = 0;
}

struct err *session_recorded(struct session *session, session_event_fn *fn, void *context)
{
	struct session *s = session;
	uint64_t next = s->loaded.skel->bss->kept_next;
	uint64_t number = next > s->loaded.kept ? next - s->loaded.kept : 0;
	struct wire_record *record = mem_zalloc(s->loaded.record_bytes);
	struct event event;

	set_clock(s);
	for (; number < next; number++)
		if (copy_kept(s, number, record) &&
		    decode_record(&s->decoder, record, s->loaded.record_bytes, &event) &&
		    (!s->filter || filter_holds(s->filter, &event)))
			fn(&event, context);
	for (size_t i = 0; i < s->nopened; i++)
		if (decode_open(&s->decoder, (const void *)(s->opened + i * open_bytes(s)), &event))
			fn(&event, context);
	free(record);
	return NULL;
}

const struct value *event_value(const struct event *event, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < event->nvalues; i++) {
		const struct value *value = &event->values[i];
		size_t own = strlen(value->name);

		if (!strcmp(value->name, name))
			return value;
		if (value->kind == VALUE_ERROR && own + 5 == len &&
		    !strcmp(name + own, "_text") && !strncmp(name, value->name, own))
			return value;
	}
	return NULL;
}

const struct value *event_failure(const struct event *event)
{
	int64_t bad = !strncmp(event->name, "client_", 7) ? 400 : 500;

	for (size_t i = 0; i < event->nvalues; i++) {
		const struct value *value = &event->values[i];

		if (value->unread)
			continue;
		if (value->kind == VALUE_ERROR && value->u)
			return value;
		if (!strcmp(event->provider, "net_http") && !strcmp(value->name, "status") &&
		    value->i >= bad)
			return value;
	}
	return NULL;
}
