/* SPDX-License-Identifier: MIT */
/* Delivers requests to an OTLP/HTTP endpoint from a thread of its own. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"
#include "live/post.h"
#include "live/sender.h"

enum {
	FIRST_WAIT_MS = 250, /* then twice as long each time, with some chance in it */
	LONGEST_WAIT_MS = 10000,
};

struct parcel {
	struct parcel *next;
	const char *path;
	struct buf body;
	size_t nspans;
};

struct sender {
	struct sender_options options;
	struct post *post;
	pthread_t thread;
	bool running;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct parcel *first, **last;
	struct sender_stats stats;
	bool closing;
	int64_t deadline_ms;   /* when closing */
	bool complained, full;
	unsigned seed;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits until that moment, or until closing is asked for. The mutex is held. */
static void wait_until(struct sender *sender, int64_t at_ms)
{
	bool was_closing = sender->closing;
	struct timespec at = { at_ms / 1000, at_ms % 1000 * 1000000 };

	while (now_ms() < at_ms && sender->closing == was_closing)
		if (pthread_cond_timedwait(&sender->changed, &sender->mutex, &at))
			return;
}

static void complain(struct sender *sender, const struct post_answer *answer)
{
	if (sender->complained)
		return;
	sender->complained = true;
	if (answer->status)
		fprintf(stderr, "probes: export: %s answers %ld%s%.*s\n",
			sender->options.endpoint, answer->status, *answer->text ? ": " : "",
			(int)strcspn(answer->text, "\r\n"), answer->text);
	else
		fprintf(stderr, "probes: export: %s: %s\n", sender->options.endpoint,
			answer->text);
}

/* Whether the answer means: the same again, later (OTLP/HTTP, "Retryable Response Codes"). */
static bool is_passing(const struct post_answer *answer)
{
	return answer->status == 0 || answer->status == 429 || answer->status == 502 ||
	       answer->status == 503 || answer->status == 504;
}

/* How long to wait before the next try: what the endpoint asks for, else more each time. */
static int64_t pause_ms(struct sender *sender, const struct post_answer *answer, int tries)
{
	int64_t wait = FIRST_WAIT_MS;

	if (answer->retry_after_ms > 0)
		return answer->retry_after_ms;
	for (int i = 1; i < tries && wait < LONGEST_WAIT_MS; i++)
		wait *= 2;
	if (wait > LONGEST_WAIT_MS)
		wait = LONGEST_WAIT_MS;
	return wait / 2 + rand_r(&sender->seed) % (wait / 2 + 1);
}

/* Tries one parcel until it is taken, refused or too late. The mutex is held, but not while
 * the network is waited for. Returns how many of its spans were taken. */
static size_t deliver(struct sender *sender, const struct parcel *parcel)
{
	int64_t give_up = now_ms() + sender->options.patience_ms;
	struct post_answer answer;

	for (int tries = 1;; tries++) {
		int64_t limit = sender->closing && sender->deadline_ms < give_up ?
					sender->deadline_ms : give_up;
		int64_t left = limit - now_ms();

		if (left <= 0)
			return 0;
		pthread_mutex_unlock(&sender->mutex);
		post_send(sender->post, parcel->path, &parcel->body, left, &answer);
		pthread_mutex_lock(&sender->mutex);
		sender->stats.requests++;
		if (answer.status >= 200 && answer.status < 300) {
			sender->complained = false;
			return parcel->nspans > answer.rejected ?
				       parcel->nspans - answer.rejected : 0;
		}
		complain(sender, &answer);
		if (!is_passing(&answer))
			return 0;
		int64_t again = now_ms() + pause_ms(sender, &answer, tries);

		if (again >= limit)
			return 0;
		wait_until(sender, again);
		sender->stats.retries++;
	}
}

static void free_parcel(struct parcel *parcel)
{
	buf_free(&parcel->body);
	free(parcel);
}

static struct parcel *take_parcel(struct sender *sender)
{
	struct parcel *parcel = sender->first;

	sender->first = parcel->next;
	if (!sender->first)
		sender->last = &sender->first;
	return parcel;
}

static void *work(void *context)
{
	struct sender *sender = context;

	pthread_mutex_lock(&sender->mutex);
	while (sender->first || !sender->closing) {
		if (!sender->first) {
			pthread_cond_wait(&sender->changed, &sender->mutex);
			continue;
		}
		struct parcel *parcel = take_parcel(sender);
		size_t taken = deliver(sender, parcel);

		sender->stats.spans += taken;
		sender->stats.spans_dropped += parcel->nspans - taken;
		sender->stats.queued_bytes -= parcel->body.len;
		free_parcel(parcel);
	}
	pthread_mutex_unlock(&sender->mutex);
	return NULL;
}

struct err *sender_open(const struct sender_options *options, struct sender **sender_ret)
{
	pthread_condattr_t attributes;
	struct sender *sender;
	struct post *post;

	TRY(post_open(options, &post));
	sender = mem_zalloc(sizeof(*sender));
	sender->options = *options;
	sender->post = post;
	sender->last = &sender->first;
	sender->seed = (unsigned)now_ms();
	pthread_mutex_init(&sender->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&sender->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	*sender_ret = sender;
	return NULL;
}

struct err *sender_start(struct sender *sender)
{
	int code = pthread_create(&sender->thread, NULL, work, sender);

	if (code)
		return err_sys(code, "cannot start a thread that sends");
	sender->running = true;
	return NULL;
}

void sender_put(struct sender *sender, const char *path, struct buf *body, size_t nspans)
{
	struct parcel *parcel = mem_zalloc(sizeof(*parcel));

	parcel->path = path;
	parcel->body = *body;
	parcel->nspans = nspans;
	*body = (struct buf){ 0 };
	pthread_mutex_lock(&sender->mutex);
	if (sender->stats.queued_bytes + parcel->body.len > sender->options.queue_bytes) {
		if (!sender->full)
			fprintf(stderr, "probes: export: more spans than %s takes: some are "
				"dropped\n", sender->options.endpoint);
		sender->full = true;
		sender->stats.spans_dropped += nspans;
		free_parcel(parcel);
	} else {
		sender->stats.queued_bytes += parcel->body.len;
		*sender->last = parcel;
		sender->last = &parcel->next;
		pthread_cond_broadcast(&sender->changed);
	}
	pthread_mutex_unlock(&sender->mutex);
}

void sender_stats(struct sender *sender, struct sender_stats *stats_ret)
{
	pthread_mutex_lock(&sender->mutex);
	*stats_ret = sender->stats;
	pthread_mutex_unlock(&sender->mutex);
}

void sender_close(struct sender *sender, int wait_ms, struct sender_stats *stats_ret)
{
	if (!sender)
		return;
	if (sender->running) {
		pthread_mutex_lock(&sender->mutex);
		sender->deadline_ms = now_ms() + wait_ms;
		sender->closing = true;
		pthread_cond_broadcast(&sender->changed);
		pthread_mutex_unlock(&sender->mutex);
		pthread_join(sender->thread, NULL);
	}
	while (sender->first) {
		struct parcel *parcel = take_parcel(sender);

		sender->stats.spans_dropped += parcel->nspans;
		free_parcel(parcel);
	}
	if (stats_ret)
		*stats_ret = sender->stats;
	post_close(sender->post);
	pthread_mutex_destroy(&sender->mutex);
	pthread_cond_destroy(&sender->changed);
	free(sender);
}
