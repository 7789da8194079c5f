/* SPDX-License-Identifier: MIT */
/* Waits for what is to be recorded, and writes it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "live/recorder.h"
#include "live/tracefile.h"
#include "tracer/symbolise.h"

enum { TICK_MS = 50, KNOW_AT = 3 };

/* What the recording is written for. */
struct cause {
	bool fired, by_event;
	uint64_t at;       /* CLOCK_MONOTONIC, ns: when it was noticed */
	uint64_t time;     /* CLOCK_REALTIME, ns: of the event, else when it was noticed */
	uint64_t duration; /* of the event */
	uint64_t goid;
	int pid;
	char *text;        /* for people; owned */
};

struct state {
	const struct recorder *recorder;
	struct err *err;
	struct cause cause;
	unsigned written, ticks;
	uint64_t started; /* CLOCK_REALTIME, ns: when recording began, or went on */
	/* While a recording is read */
	struct chrome *chrome;
	struct symboliser *symboliser;
	uint64_t from, until, oldest; /* CLOCK_REALTIME, ns */
	size_t open;
};

static volatile sig_atomic_t asked; /* by SIGUSR1 */

static void on_signal(int number)
{
	(void)number;
	asked = 1;
}

static void fire(struct state *state, char *text)
{
	state->cause = (struct cause){
		.fired = true,
		.at = clock_ns(CLOCK_MONOTONIC),
		.time = clock_ns(CLOCK_REALTIME),
		.text = text,
	};
}

/* The condition held. */
static void on_event(const struct event *event, void *context)
{
	struct state *state = context;
	struct buf text = { 0 };

	if (state->cause.fired)
		return;
	chrome_put_label(&text, event);
	if (event->start) {
		buf_printf(&text, " took ");
		value_put_duration(&text, event->duration_ns);
	}
	if (event->goid)
		buf_printf(&text, ", goroutine %" PRIu64, event->goid);
	buf_u8(&text, 0);
	fire(state, (char *)text.data);
	state->cause.by_event = true;
	state->cause.time = event->time_ns;
	state->cause.duration = event->duration_ns;
	state->cause.goid = event->goid;
	state->cause.pid = event->pid;
}

static bool is_cause(const struct cause *cause, const struct event *event)
{
	uint64_t apart = event->time_ns > cause->time ? event->time_ns - cause->time :
							cause->time - event->time_ns;

	/* The offset between the clocks is measured anew each time. */
	return cause->by_event && event->goid == cause->goid && event->pid == cause->pid &&
	       event->duration_ns == cause->duration && apart < 1000000;
}

static void on_recorded(const struct event *event, void *context)
{
	struct state *state = context;
	unsigned marks = 0;

	if (!tracing_wants(state->recorder->tracing, event->pid))
		return;
	if (!event->open && event->time_ns < state->oldest)
		state->oldest = event->time_ns;
	if (event->open) {
		/* A process that has ended leaves its spans open. */
		if (kill(event->pid, 0) && errno == ESRCH && !chrome_has_process(state->chrome,
										 event->pid))
			return;
		state->open++;
	} else if (event->time_ns < state->from) {
		return;
	}
	if (event_failure(event))
		marks |= CHROME_FAILED;
	if (!event->open && is_cause(&state->cause, event))
		marks |= CHROME_TRIGGER;
	chrome_add(state->chrome, event, marks);
}

static const char *symbol(const struct event *event, uint64_t pc, void *context)
{
	struct state *state = context;
	const struct symplace *place = symboliser_code(state->symboliser, event, pc);

	return place && place->file && place->nframes ? place->frames[0].func : NULL;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Reads what the ring holds of the last seconds; recording goes on after it. */
static struct err *read_ring(struct state *state)
{
	const struct cause *cause = &state->cause;
	struct session *session = state->recorder->tracing->run;

	state->from = min64(cause->time - state->recorder->last_ns, cause->time - cause->duration);
	state->oldest = UINT64_MAX;
	state->open = 0;
	state->chrome = chrome_new(symbol, state, state->from);
	TRY(session_freeze(session));
	state->until = clock_ns(CLOCK_REALTIME);
	chrome_until(state->chrome, state->until);
	TRY(session_recorded(session, on_recorded, state));
	session_thaw(session);
	return NULL;
}

static void add_notes(const struct state *state)
{
	const struct recorder *recorder = state->recorder;
	const struct cause *cause = &state->cause;
	uint64_t start, end;
	struct buf text = { 0 };

	chrome_mark_cause(state->chrome, cause->pid, cause->time - cause->duration, cause->time,
			  cause->text);
	chrome_times(state->chrome, &start, &end);
	chrome_note(state->chrome, "recorded by", "probes record");
	if (recorder->condition)
		chrome_note(state->chrome, "condition", recorder->condition);
	chrome_note(state->chrome, "written for", cause->text);
	chrome_put_moment(&text, start);
	buf_u8(&text, 0);
	if (chrome_count(state->chrome))
		chrome_note(state->chrome, "time 0", (const char *)text.data);
	buf_free(&text);
}

/* "1.25 GiB" would not be taken by --memory; whole megabytes are. */
static void print_too_little(const struct state *state)
{
	const struct recorder *recorder = state->recorder;
	size_t bytes = recorder->tracing->session.keep_bytes;
	double held = (double)(state->until - state->oldest);
	double whole = (double)(recorder->last_ns + state->until - state->cause.time);
	double need = (double)bytes * whole / (held > 1 ? held : 1);
	size_t wanted = bytes >> 20 ? bytes >> 20 : 1;

	while ((double)wanted * (1 << 20) < need && wanted < 1u << 20)
		wanted *= 2;
	fprintf(stderr, "probes: the ring of %zu%s holds no more than that of events as frequent "
		"as these; --memory %zuM would hold ", bytes >> 20 ? bytes >> 20 : bytes >> 10,
		bytes >> 20 ? "M" : "k", wanted);
	struct buf text = { 0 };

	value_put_duration(&text, recorder->last_ns);
	fprintf(stderr, "%.*s%s\n", (int)text.len, (const char *)text.data,
		recorder->scheduler ? ", and --no-sched leaves out the most frequent" : "");
	buf_free(&text);
}

/* One line: the file, what is in it, and why it was written. */
static void print_written(const struct state *state, const char *path)
{
	struct session_stats stats;
	struct buf text = { 0 };
	uint64_t begin = state->started, covered;

	session_stats(state->recorder->tracing->run, &stats);
	if (stats.events > stats.kept && state->oldest != UINT64_MAX && state->oldest > begin)
		begin = state->oldest;
	if (begin < state->from)
		begin = state->from;
	covered = state->cause.time > begin ? state->cause.time - begin : 0;
	value_put_duration(&text, covered);
	fprintf(stderr, "probes: wrote %s: %s; %zu events of %.*s before it and what came after",
		path, state->cause.text, chrome_count(state->chrome), (int)text.len,
		(const char *)text.data);
	if (state->open)
		fprintf(stderr, ", %zu of them unfinished", state->open);
	fputc('\n', stderr);
	buf_free(&text);
	if (stats.events > stats.kept && state->oldest > state->from)
		print_too_little(state);
}

static struct err *write_file(struct state *state)
{
	const struct recorder *recorder = state->recorder;
	char *path = recorder->repeat > 1 ? tracefile_numbered(recorder->out, state->written + 1) :
					    mem_strdup(recorder->out);
	struct err *err = read_ring(state);

	if (!err) {
		add_notes(state);
		err = tracefile_write(path, state->chrome);
	}
	if (!err)
		print_written(state, path);
	chrome_free(state->chrome);
	state->chrome = NULL;
	free(path);
	return err;
}

static void write_now(struct state *state)
{
	state->err = write_file(state);
	free(state->cause.text);
	state->cause = (struct cause){ 0 };
	state->written++;
	state->started = clock_ns(CLOCK_REALTIME);
	if (state->err || state->written == state->recorder->repeat)
		tracing_stop(state->recorder->tracing);
}

/*
 * Where the traced program is loaded is asked while it runs: it may be gone when functions are
 * to be named. A command has not begun in the first ticks.
 */
static void know_place(struct state *state)
{
	const struct tracing *tracing = state->recorder->tracing;
	struct event event = { .pid = tracing->session.pid ?: (int)tracing->child };

	if (++state->ticks != KNOW_AT || !event.pid)
		return;
	event.probe = session_probe_at(tracing->run, 0);
	symboliser_code(state->symboliser, &event, 0);
}

/* Once privileges are given up: rather now than when there is something to be written. */
static void on_start(void *context)
{
	struct state *state = context;
	struct err *err = tracefile_check(state->recorder->out);

	if (err) {
		state->err = err_code(err->code, "%s (as user %d without privileges, which are "
				      "given up by then; -o takes a path in a folder of that "
				      "user, or in /tmp)", err->message, (int)getuid());
		err_free(err);
		tracing_stop(state->recorder->tracing);
	}
	state->started = clock_ns(CLOCK_REALTIME);
}

static void on_tick(void *context)
{
	struct state *state = context;

	if (state->err || state->written == state->recorder->repeat)
		return;
	if (asked && !state->cause.fired)
		fire(state, mem_strdup("SIGUSR1"));
	asked = 0;
	know_place(state);
	if (!state->cause.fired && session_triggered(state->recorder->tracing->run))
		session_thaw(state->recorder->tracing->run); /* by a process that is not wanted */
	if (state->cause.fired &&
	    clock_ns(CLOCK_MONOTONIC) - state->cause.at >= state->recorder->after_ns)
		write_now(state);
}

static void on_end(void *context)
{
	struct state *state = context;

	if (state->err || state->written == state->recorder->repeat)
		return;
	if (!state->cause.fired && state->recorder->on_exit)
		fire(state, mem_strdup("the end"));
	if (state->cause.fired)
		write_now(state);
}

/* The signal interrupts waiting for events. */
static struct err *catch_signal(struct sigaction *before_ret)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	asked = 0;
	if (sigaction(SIGUSR1, &action, before_ret))
		return err_sys(errno, "cannot catch SIGUSR1");
	return NULL;
}

struct err *recorder_run(const struct recorder *recorder)
{
	struct state state = { .recorder = recorder };
	struct tracing_calls calls = {
		.on_event = on_event, .on_start = on_start, .on_tick = on_tick, .on_end = on_end,
		.tick_ms = TICK_MS, .context = &state,
	};
	struct sigaction before;

	TRY(catch_signal(&before));
	state.symboliser = symboliser_new();
	struct err *err = tracing_run(recorder->tracing, &calls);

	symboliser_free(state.symboliser);
	sigaction(SIGUSR1, &before, NULL);
	if (err)
		err_free(state.err);
	else
		err = state.err;
	if (!err && !state.written)
		err = err_code(EXIT_NO_MATCH, "nothing was written: '%s' never held%s",
			       recorder->condition, " (--on-exit writes at the end, too)");
	return err;
}
