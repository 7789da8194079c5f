/* SPDX-License-Identifier: MIT */
/* Which request of a server a goroutine works for at a moment, by events alone. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/lineage.h"

enum {
	BUCKETS = 1 << 14,
	REQUESTS = 8,             /* of one goroutine that are remembered */
	MAX_GOROUTINES = 200000,
	MAX_QUEUED = 1 << 18,
};

enum note_kind { TRACEPARENT, CREATE, START, ROUTE, ANSWER, END };

/* What is kept of an event until its time has come. */
struct note {
	enum note_kind kind;
	int pid;
	uint64_t goid, time_ns;
	uint64_t number; /* of TRACEPARENT the HTTP version, of CREATE the parent's goid */
	char *text;      /* owned, or NULL */
};

/* What a request came with. */
struct header {
	bool seen, valid;
	struct traceparent parent;
};

struct goroutine {
	struct goroutine *next;
	uint64_t goid;
	int pid;
	struct request *requests[REQUESTS]; /* in order of their start */
	size_t nrequests;
	struct header here, waiting; /* for the next request; for the next goroutine */
	uint64_t touched_ns;
};

struct lineage {
	struct id_source *ids;
	double ratio;
	struct goroutine *buckets[BUCKETS];
	size_t size;
	struct note *queue; /* a ring */
	size_t first, queued, cap;
	uint64_t created;
};

const char *const lineage_patterns[] = {
	"net_http:server_request_start", "net_http:server_request_end",
	"net_http:server_traceparent", "net_http:server_route", "runtime:goroutine_create",
	"net_rpc:server_call_start", "net_rpc:server_call_end", "net_rpc:server_response", NULL,
};

static void release(struct request *request)
{
	if (!request || --request->users)
		return;
	free(request->route);
	free(request->error);
	free(request);
}

static struct goroutine **slot_of(struct lineage *lineage, int pid, uint64_t goid)
{
	uint64_t hash = (goid + ((uint64_t)(unsigned)pid << 40)) * 0x9e3779b97f4a7c15u;
	struct goroutine **slot = &lineage->buckets[hash >> 50];

	while (*slot && ((*slot)->goid != goid || (*slot)->pid != pid))
		slot = &(*slot)->next;
	return slot;
}

static struct goroutine *lookup(struct lineage *lineage, const struct note *note, uint64_t goid)
{
	return *slot_of(lineage, note->pid, goid);
}

/* The goroutine's entry; NULL when there are too many. */
static struct goroutine *enter(struct lineage *lineage, const struct note *note, uint64_t goid)
{
	struct goroutine **slot = slot_of(lineage, note->pid, goid);

	if (!*slot && lineage->size < MAX_GOROUTINES) {
		*slot = mem_zalloc(sizeof(**slot));
		(*slot)->goid = goid;
		(*slot)->pid = note->pid;
		lineage->size++;
	}
	if (*slot)
		(*slot)->touched_ns = note->time_ns;
	return *slot;
}

static struct request *latest(const struct goroutine *goroutine)
{
	if (!goroutine || !goroutine->nrequests)
		return NULL;
	return goroutine->requests[goroutine->nrequests - 1];
}

static void add_request(struct goroutine *goroutine, struct request *request)
{
	if (goroutine->nrequests == REQUESTS) {
		release(goroutine->requests[0]);
		memmove(goroutine->requests, goroutine->requests + 1,
			sizeof(goroutine->requests) - sizeof(goroutine->requests[0]));
		goroutine->nrequests--;
	}
	goroutine->requests[goroutine->nrequests++] = request;
	request->users++;
}

static bool own_open(const struct goroutine *goroutine)
{
	const struct request *request = latest(goroutine);

	return request && !request->end_ns && request->goid == goroutine->goid;
}

/* Of several lines the first counts, as for Go's Header.Get. */
static void take_traceparent(struct lineage *lineage, const struct note *note)
{
	struct goroutine *goroutine = enter(lineage, note, note->goid);
	struct header header = { .seen = true };

	if (!goroutine || own_open(goroutine))
		return; /* read by a handler: not for this server */
	header.valid = traceparent_parse(note->text, strlen(note->text), &header.parent);
	if (note->number != 1)
		goroutine->waiting = header;
	else if (!goroutine->here.seen)
		goroutine->here = header;
}

static void take_create(struct lineage *lineage, const struct note *note)
{
	struct goroutine *parent = lookup(lineage, note, note->number);
	struct request *request = latest(parent);
	bool open = request && !request->end_ns;

	lineage->created++;
	if (!parent || (!open && !parent->waiting.seen))
		return;
	struct goroutine *child = enter(lineage, note, note->goid);

	if (!child)
		return;
	if (parent->waiting.seen)
		child->here = parent->waiting;
	parent->waiting.seen = false;
	if (open)
		add_request(child, request);
}

/* Ends the goroutine's own request, if it has one; not one that it only works for. */
static void close_own(struct goroutine *goroutine, const struct note *note)
{
	if (goroutine && own_open(goroutine))
		latest(goroutine)->end_ns = note->time_ns;
}

/* The id decides, so that all who see it decide alike. */
bool lineage_chosen(const uint8_t *trace_id, double ratio)
{
	uint64_t low = 0;

	for (int i = TRACE_ID - 7; i < TRACE_ID; i++)
		low = low << 8 | trace_id[i];
	return (double)low < ratio * (double)(UINT64_C(1) << 56);
}

static void take_start(struct lineage *lineage, const struct note *note)
{
	struct goroutine *goroutine = enter(lineage, note, note->goid);
	struct request *request;
	struct header *here;

	if (!goroutine)
		return;
	here = &goroutine->here;
	close_own(goroutine, note); /* its end was lost, or it panicked */
	request = mem_zalloc(sizeof(*request));
	request->goid = note->goid;
	request->start_ns = note->time_ns;
	request->has_parent = here->seen && here->valid;
	if (request->has_parent) {
		memcpy(request->trace_id, here->parent.trace_id, TRACE_ID);
		memcpy(request->parent_id, here->parent.span_id, SPAN_ID);
		request->sampled = here->parent.sampled;
	} else {
		id_next(lineage->ids, request->trace_id, TRACE_ID);
		request->sampled = lineage_chosen(request->trace_id, lineage->ratio);
	}
	id_next(lineage->ids, request->span_id, SPAN_ID);
	here->seen = false;
	add_request(goroutine, request);
}

/* The route and the answer belong to the request that is open. */
static void take_text(struct lineage *lineage, struct note *note)
{
	struct request *request = latest(lookup(lineage, note, note->goid));

	if (!request || request->end_ns || !note->text || !*note->text)
		return;
	char **text = note->kind == ROUTE ? &request->route : &request->error;

	free(*text);
	*text = note->text;
	note->text = NULL;
}

static void take(struct lineage *lineage, struct note *note)
{
	switch (note->kind) {
	case TRACEPARENT:
		take_traceparent(lineage, note);
		break;
	case CREATE:
		take_create(lineage, note);
		break;
	case START:
		take_start(lineage, note);
		break;
	case ROUTE:
	case ANSWER:
		take_text(lineage, note);
		break;
	case END:
		close_own(lookup(lineage, note, note->goid), note);
		break;
	}
	free(note->text);
}

static struct note *note_at(struct lineage *lineage, size_t index)
{
	return &lineage->queue[(lineage->first + index) % lineage->cap];
}

static void take_first(struct lineage *lineage)
{
	struct note note = lineage->queue[lineage->first];

	lineage->first = (lineage->first + 1) % lineage->cap;
	lineage->queued--;
	take(lineage, &note);
}

static void enqueue(struct lineage *lineage, const struct note *note)
{
	if (lineage->queued == MAX_QUEUED)
		take_first(lineage);
	if (lineage->queued == lineage->cap) {
		size_t cap = lineage->cap ? 2 * lineage->cap : 1024;
		struct note *queue = mem_zalloc(cap * sizeof(*queue));

		for (size_t i = 0; i < lineage->queued; i++)
			queue[i] = *note_at(lineage, i);
		free(lineage->queue);
		lineage->queue = queue;
		lineage->first = 0;
		lineage->cap = cap;
	}
	/* Processors take the time first and their place in the ring buffer then. */
	size_t at = lineage->queued++;

	for (; at && note_at(lineage, at - 1)->time_ns > note->time_ns; at--)
		*note_at(lineage, at) = *note_at(lineage, at - 1);
	*note_at(lineage, at) = *note;
}

static char *text_of(const struct event *event, const char *name)
{
	const struct value *value = event_value(event, name);

	if (!value || value->unread || !value->text)
		return mem_strdup("");
	return mem_strndup(value->text, value->len);
}

static uint64_t number_of(const struct event *event, const char *name)
{
	const struct value *value = event_value(event, name);

	return value && !value->unread ? value->u : 0;
}

void lineage_push(struct lineage *lineage, const struct event *event)
{
	struct note note = { .pid = event->pid, .goid = event->goid,
			     .time_ns = event->clock_ns };

	if (!strcmp(event->name, "server_traceparent")) {
		note.kind = TRACEPARENT;
		note.number = number_of(event, "proto_major");
		note.text = text_of(event, "value");
	} else if (!strcmp(event->name, "goroutine_create")) {
		note.kind = CREATE;
		note.number = number_of(event, "parent_goid");
	} else if (!strcmp(event->name, "server_route")) {
		note.kind = ROUTE;
		note.text = text_of(event, "pattern");
	} else if (!strcmp(event->name, "server_response")) {
		note.kind = ANSWER;
		note.text = text_of(event, "err_text");
	} else if (!strcmp(event->name, "server_request_start") ||
		   !strcmp(event->name, "server_call_start")) {
		note.kind = START;
	} else if (!strcmp(event->name, "server_request_end") ||
		   !strcmp(event->name, "server_call_end")) {
		note.kind = END;
	} else {
		return;
	}
	enqueue(lineage, &note);
}

void lineage_advance(struct lineage *lineage, uint64_t until_ns)
{
	while (lineage->queued && lineage->queue[lineage->first].time_ns <= until_ns)
		take_first(lineage);
}

/* What one goroutine does is never at once, so that its hits are in order in all sessions,
 * however long after each other two of them read the clock at one hit. */
static bool overlaps(const struct request *request, uint64_t start_ns, uint64_t end_ns)
{
	return request->start_ns <= end_ns &&
	       (!request->end_ns || request->end_ns >= start_ns);
}

const struct request *lineage_own(struct lineage *lineage, int pid, uint64_t goid,
				  uint64_t start_ns, uint64_t end_ns)
{
	const struct goroutine *goroutine = *slot_of(lineage, pid, goid);

	for (size_t i = goroutine ? goroutine->nrequests : 0; i--;)
		if (goroutine->requests[i]->goid == goid &&
		    overlaps(goroutine->requests[i], start_ns, end_ns))
			return goroutine->requests[i];
	return NULL;
}

const struct request *lineage_find(struct lineage *lineage, int pid, uint64_t goid,
				   uint64_t start_ns)
{
	const struct goroutine *goroutine = *slot_of(lineage, pid, goid);

	for (size_t i = goroutine ? goroutine->nrequests : 0; i--;)
		if (overlaps(goroutine->requests[i], start_ns, start_ns))
			return goroutine->requests[i];
	return NULL;
}

static bool is_over(const struct goroutine *goroutine, uint64_t before_ns)
{
	const struct request *request = latest(goroutine);

	if (request)
		return request->end_ns && request->end_ns < before_ns;
	return goroutine->touched_ns < before_ns;
}

static void drop(struct lineage *lineage, struct goroutine **slot)
{
	struct goroutine *goroutine = *slot;

	*slot = goroutine->next;
	for (size_t i = 0; i < goroutine->nrequests; i++)
		release(goroutine->requests[i]);
	free(goroutine);
	lineage->size--;
}

/* When there are too many, those that were not heard of since go too: their end was lost. */
void lineage_forget(struct lineage *lineage, uint64_t before_ns)
{
	bool full = lineage->size >= MAX_GOROUTINES;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct goroutine **slot = &lineage->buckets[i]; *slot;)
			if (is_over(*slot, before_ns) ||
			    (full && (*slot)->touched_ns < before_ns))
				drop(lineage, slot);
			else
				slot = &(*slot)->next;
}

uint64_t lineage_goroutines(const struct lineage *lineage)
{
	return lineage->created;
}

size_t lineage_size(const struct lineage *lineage)
{
	return lineage->size;
}

struct lineage *lineage_new(struct id_source *ids, double ratio)
{
	struct lineage *lineage = mem_zalloc(sizeof(*lineage));

	lineage->ids = ids;
	lineage->ratio = ratio;
	return lineage;
}

void lineage_free(struct lineage *lineage)
{
	if (!lineage)
		return;
	while (lineage->queued)
		take_first(lineage);
	for (size_t i = 0; i < BUCKETS; i++)
		while (lineage->buckets[i])
			drop(lineage, &lineage->buckets[i]);
	free(lineage->queue);
	free(lineage);
}
