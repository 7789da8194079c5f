/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program behind every tracing command: one hit of any site in, one record out. What to
 * read at a site, and whether anybody wants it, is data (tracer/event.h). Nothing here wakes
 * the tracer for a single event; it is woken when a good part of the ring is full.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "tracer/event.h"

/* Stores before it are seen before those behind it: amd64 keeps the order by itself. */
#define ordered() __asm__ volatile("" ::: "memory")

#define G_STACK_HI 8 /* runtime.g begins with its stack's bounds, in every release */

/* Set before loading. The sizes in `records` are at least those of the structs alone. */
const volatile wire_u32 record_bytes = sizeof(struct wire_record);
const volatile wire_u32 slot_bytes, end_slots, start_slots;
const volatile wire_u32 only_tgid;
const volatile wire_u64 pidns_device, pidns_inode; /* 0 = the initial one */
const volatile wire_u32 kept_records = 1;          /* of the flight recorder */
const volatile wire_u64 wake_bytes;
const volatile bool recording, want_stacks, sleepable, have_filters;

/* Shared with the tracer while it runs. */
wire_u64 kept_next, lost, lost_starts, discarded;
wire_u32 asleep, frozen;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, wire_u32);
	__type(value, struct wire_site);
} sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct wire_key));
	__uint(value_size, sizeof(struct wire_open));
} open_spans SEC(".maps");

/* One element of zeroes, as large as those of open_spans. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(wire_u32));
	__uint(value_size, sizeof(struct wire_open));
} blank SEC(".maps");

/* The flight recorder's ring. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(wire_u32));
	__uint(value_size, sizeof(struct wire_record));
} kept SEC(".maps");

#include "tracer/condition.bpf.h"

struct hit_context {
	const struct wire_site *site;
	wire_u32 index, tgid, tid;
	wire_u64 moved;    /* address in the process less that in the file */
	wire_u64 regs[16]; /* by their numbers in the instruction set */
};

static __always_inline void copy_regs(struct pt_regs *ctx, wire_u64 *regs)
{
	regs[0] = ctx->rax;
	regs[1] = ctx->rcx;
	regs[2] = ctx->rdx;
	regs[3] = ctx->rbx;
	regs[4] = ctx->rsp;
	regs[5] = ctx->rbp;
	regs[6] = ctx->rsi;
	regs[7] = ctx->rdi;
	regs[8] = ctx->r8;
	regs[9] = ctx->r9;
	regs[10] = ctx->r10;
	regs[11] = ctx->r11;
	regs[12] = ctx->r12;
	regs[13] = ctx->r13;
	regs[14] = ctx->r14;
	regs[15] = ctx->r15;
}

/* Pages that were never touched can be brought in only where the program may sleep. */
static __always_inline long read_user(void *to, wire_u32 len, wire_u64 from)
{
	long err = bpf_probe_read_user(to, len, (void *)from);

	if (err && sleepable)
		err = bpf_copy_from_user(to, len, (void *)from);
	return err;
}

/* Eight bytes where that many are there, else just those of the operand. */
static __always_inline long read_memory(wire_u64 *to, wire_u8 size, wire_u64 from)
{
	long err = read_user(to, sizeof(*to), from);

	if (!err || size >= sizeof(*to))
		return err;
	*to = 0;
	return size == 4 ? read_user(to, 4, from) : size == 2 ? read_user(to, 2, from) :
	       size == 1 ? read_user(to, 1, from) : err;
}

static __always_inline bool read_word(const struct hit_context *hit, int i, wire_u64 *word_ret)
{
	const struct wire_operand *op = &hit->site->words[i];
	wire_u64 value = op->value;
	int shift;

	if (op->kind == WIRE_REG)
		value = hit->regs[op->reg & 15];
	if (op->kind == WIRE_UNKNOWN || (op->kind == WIRE_MEM &&
	    read_memory(&value, op->size, hit->regs[op->reg & 15] + op->value))) {
		*word_ret = 0;
		return false;
	}
	shift = 64 - 8 * (op->size & 15);
	if (op->size < 8) {
		value <<= shift & 63;
		value = op->is_signed ? (wire_u64)((long long)value >> (shift & 63)) :
		       value >> (shift & 63);
	}
	*word_ret = value;
	return true;
}

/*
 * Where the text of an error is that begins with it, as errors.New's and fmt.Errorf's do; its
 * length goes where the error's second word was. False for all other errors.
 */
static __always_inline bool find_error_text(const struct hit_context *hit, struct wire_hit *to,
					    wire_u32 at, wire_u64 *text_ret)
{
	wire_u64 table = to->words[at] - hit->moved, text[2];
	bool known = false;

	if (!to->words[at])
		return false;
	for (int i = 0; i < WIRE_ERRORS && hit->site->errors[i]; i++)
		known |= table == hit->site->errors[i];
	if (!known || read_user(text, sizeof(text), to->words[at + 1]))
		return false;
	*text_ret = text[0];
	to->words[at + 1] = text[1];
	return true;
}

/* Fills `to`; `texts` has `slots` slots, or none is read. */
static __always_inline void read_hit(const struct hit_context *hit, struct wire_hit *to,
				     void *texts, wire_u32 slots)
{
	to->site = hit->index;
	to->bad_words = 0;
	to->bad_texts = 0;
	to->error_texts = 0;
	to->moved = hit->moved;
	to->time = bpf_ktime_get_ns();
#pragma unroll
	for (int i = 0; i < WIRE_WORDS; i++) {
		wire_u64 word = 0;

		if (i < hit->site->nwords && !read_word(hit, i, &word))
			to->bad_words |= 1u << i;
		to->words[i] = word;
	}
	for (wire_u32 i = 0; i < WIRE_TEXTS; i++) {
		wire_u32 at, len;
		wire_u64 text;

		if (i >= slots || i >= hit->site->ntexts)
			break;
		at = hit->site->text_at[i] & (WIRE_ERROR_TEXT - 1);
		if (at >= WIRE_WORDS - 1)
			continue;
		text = to->words[at];
		if (hit->site->text_at[i] & WIRE_ERROR_TEXT) {
			if (!find_error_text(hit, to, at, &text))
				continue;
			to->error_texts |= 1u << i;
		}
		if ((long long)to->words[at + 1] <= 0)
			continue;
		len = to->words[at + 1] > slot_bytes ? slot_bytes : (wire_u32)to->words[at + 1];
		if (read_user(texts + i * slot_bytes, len, text))
			to->bad_texts |= 1u << i;
	}
}

static __always_inline void read_stack(struct pt_regs *ctx, const struct hit_context *hit,
				       struct wire_record *record, void *frames)
{
	long size;

	record->caller = 0;
	record->nframes = 0;
	if (!want_stacks)
		return;
	if (hit->site->at_entry)
		read_user(&record->caller, sizeof(record->caller), hit->regs[4]);
	size = bpf_get_stack(ctx, frames, WIRE_FRAMES * 8, BPF_F_USER_STACK);
	if (size > 0)
		record->nframes = (wire_u32)size / 8;
}

/* Conditions are compiled for whole spans. An end without its start has another name and
 * other arguments: the tracer decides alone. */
static __always_inline bool may_hold(const struct wire_record *record,
				     const struct hit_context *hit, wire_u32 condition)
{
	return (hit->site->role == WIRE_END && !record->is_span) || holds(record, condition);
}

/* Ends a record that is being written: hands it out, or takes it back when no one wants it.
 * Also what is taken back has its place in the ring until the tracer has passed it. */
static __always_inline void finish(struct wire_record *record, const struct hit_context *hit,
				   bool filtered)
{
	bool wanted = !filtered || !hit->site->filter || may_hold(record, hit, hit->site->filter);
	wire_u64 wake = BPF_RB_NO_WAKEUP;

	if (asleep && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wake_bytes) {
		asleep = 0;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	if (wanted) {
		bpf_ringbuf_submit(record, wake);
	} else {
		__sync_fetch_and_add(&discarded, 1);
		bpf_ringbuf_discard(record, wake);
	}
}

static __always_inline void *slots_of(struct wire_record *record, wire_u32 first)
{
	return (void *)(record + 1) + first * slot_bytes;
}

static __always_inline void fill_head(struct wire_record *record, const struct hit_context *hit)
{
	record->tgid = hit->tgid;
	record->tid = hit->tid;
	record->is_span = 0;
	record->duration = 0;
	record->nframes = 0;
	record->caller = 0;
}

static __always_inline struct wire_key key_of(const struct hit_context *hit)
{
	struct wire_key key = { .tgid = hit->tgid, .pair = (wire_u16)hit->site->pair };
	wire_u8 by = hit->site->key;

	/* The operand is read once more: a record need not exist yet. */
	if (by < WIRE_WORDS)
		read_word(hit, by, &key.id);
	else if (by == WIRE_BY_G)
		key.id = hit->regs[14];
	if (!key.id && by != WIRE_BY_PROCESS)
		key.id = hit->tid | 1ull << 63;
	return key;
}

/* Stack in use, in bytes; of a thread's stack, which stays where it is, in bytes from an
 * unknown end. False where calls do not nest. */
static __always_inline bool stack_in_use(const struct hit_context *hit, wire_u64 *below_ret)
{
	if (hit->site->key == WIRE_BY_THREAD) {
		*below_ret = -hit->regs[4];
		return true;
	}
	if ((hit->site->key && hit->site->key != WIRE_BY_G) ||
	    read_user(below_ret, sizeof(*below_ret), hit->regs[14] + G_STACK_HI))
		return false;
	*below_ret -= hit->regs[4];
	return true;
}

/*
 * Goroutines nest calls, and a panic can leave calls without their ends: those that began with
 * no less of the stack in use than `below` are over. Forgets them; of the calls beyond
 * WIRE_DEPTH only the number is known.
 */
static __always_inline void forget_left(struct wire_open *outer, struct wire_key *key,
					wire_u64 below)
{
	for (int i = 0; i < WIRE_DEPTH && outer->inner; i++) {
		bool beyond = outer->inner >= WIRE_DEPTH;
		struct wire_open *inner;

		key->depth = beyond ? WIRE_DEPTH - 1 : (wire_u16)outer->inner;
		inner = bpf_map_lookup_elem(&open_spans, key);
		if (!inner || inner->below < below)
			break;
		bpf_map_delete_elem(&open_spans, key);
		outer->inner = key->depth - 1;
	}
	key->depth = 0;
}

/* Sets the depth of a call that begins; false when it is too deep to be kept. */
static __always_inline bool nest(struct wire_key *key, wire_u64 below)
{
	struct wire_open *outer = bpf_map_lookup_elem(&open_spans, key);

	if (!outer)
		return true;
	forget_left(outer, key, below);
	if (below <= outer->below)
		return true; /* replaces it */
	outer->inner++;
	key->depth = (wire_u16)outer->inner;
	return outer->inner < WIRE_DEPTH;
}

/* Where the start of the span that this end closes is kept, and its key; NULL when it is not. */
static __always_inline struct wire_open *find_start(const struct hit_context *hit,
						    struct wire_key *key)
{
	struct wire_open *outer = bpf_map_lookup_elem(&open_spans, key);
	wire_u64 below;

	if (!outer)
		return NULL;
	if (hit->site->ends_frame && stack_in_use(hit, &below)) {
		forget_left(outer, key, below + 1);
		if (outer->below > below) {
			bpf_map_delete_elem(&open_spans, key);
			return NULL;
		}
	}
	if (!outer->inner)
		return outer;
	key->depth = (wire_u16)outer->inner--;
	return key->depth < WIRE_DEPTH ? bpf_map_lookup_elem(&open_spans, key) : NULL;
}

/* The end of a span while nothing is recorded. */
static __always_inline int forget_start(const struct hit_context *hit)
{
	struct wire_key key = key_of(hit);

	if (find_start(hit, &key))
		bpf_map_delete_elem(&open_spans, &key);
	return 0;
}

/* bpf_probe_read_kernel() would do, but not under the lockdown "confidentiality". */
static __always_inline void copy_words(wire_u64 *to, const void *from, wire_u32 n)
{
	const volatile wire_u64 *words = from;

	for (wire_u32 i = 0; i < n; i++)
		to[i] = words[i];
}

/* Copies the start into the record, if it is there. */
static __always_inline bool join_start(const struct hit_context *hit, struct wire_record *record)
{
	struct wire_key key = key_of(hit);
	struct wire_open *start = find_start(hit, &key);
	wire_u32 bytes = start_slots * slot_bytes;

	if (!start) {
		__sync_fetch_and_add(&lost_starts, 1);
		__builtin_memset(&record->start, 0, sizeof(record->start));
		record->start.bad_words = record->start.bad_texts = 0xffff; /* for conditions */
		return false;
	}
	record->start = start->hit;
	copy_words(slots_of(record, end_slots), start + 1, bytes / 8);
	bpf_map_delete_elem(&open_spans, &key);
	record->is_span = 1;
	record->duration = record->hit.time - record->start.time;
	return true;
}

static __always_inline int open_span(const struct hit_context *hit)
{
	struct wire_key key = key_of(hit);
	struct wire_open *start;
	wire_u64 below = 0;
	wire_u32 zero = 0;
	void *zeroes = bpf_map_lookup_elem(&blank, &zero);

	if (!zeroes)
		return 0;
	if (stack_in_use(hit, &below) && !nest(&key, below))
		return 0;
	if (bpf_map_update_elem(&open_spans, &key, zeroes, BPF_ANY)) {
		__sync_fetch_and_add(&lost_starts, 1);
		return 0;
	}
	start = bpf_map_lookup_elem(&open_spans, &key);
	if (!start)
		return 0;
	start->below = below;
	start->tgid = hit->tgid;
	start->tid = hit->tid;
	read_hit(hit, &start->hit, start + 1, start_slots);
	return 0;
}

/* Room for a stack is behind the texts. */
static __always_inline void fill_record(struct pt_regs *ctx, const struct hit_context *hit,
					struct wire_record *record)
{
	fill_head(record, hit);
	read_hit(hit, &record->hit, slots_of(record, 0), end_slots);
	if (hit->site->role == WIRE_END)
		join_start(hit, record);
	read_stack(ctx, hit, record, slots_of(record, end_slots + start_slots));
}

static __always_inline int keep(struct pt_regs *ctx, const struct hit_context *hit)
{
	wire_u64 number = __sync_fetch_and_add(&kept_next, 1);
	wire_u32 slot = (wire_u32)(number % kept_records);
	struct wire_record *record = bpf_map_lookup_elem(&kept, &slot);
	void *shown;

	if (!record)
		return 0;
	record->sequence = 2 * number + 1;
	ordered();
	fill_record(ctx, hit, record);
	if (hit->site->filter && !may_hold(record, hit, hit->site->filter)) {
		__sync_fetch_and_add(&discarded, 1);
		/* Its place goes to the next one, unless a later one is there. It stays odd
		 * until then: nobody reads it. */
		__sync_val_compare_and_swap(&kept_next, number + 1, number);
		return 0;
	}
	ordered();
	record->sequence = 2 * number + 2;
	if (!hit->site->trigger || !may_hold(record, hit, hit->site->trigger))
		return 0;
	/* A copy: the record can be overwritten before the tracer looks. */
	shown = bpf_ringbuf_reserve(&ring, record_bytes, 0);
	if (shown) {
		copy_words((wire_u64 *)shown, record, record_bytes / 8);
		bpf_ringbuf_submit(shown, BPF_RB_FORCE_WAKEUP);
	}
	return 0;
}

/* A record without what would stand empty in it: no span, no stack, at most `slots` texts. */
static __always_inline int hand_out_short(const struct hit_context *hit, wire_u32 bytes,
					  wire_u32 slots)
{
	struct wire_record *record = bpf_ringbuf_reserve(&ring, bytes, 0);

	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	fill_head(record, hit);
	read_hit(hit, &record->hit, slots ? slots_of(record, 0) : NULL, slots);
	finish(record, hit, false);
	return 0;
}

static __always_inline int hand_out(struct pt_regs *ctx, const struct hit_context *hit)
{
	struct wire_record *record;

	if (!want_stacks && hit->site->role != WIRE_END &&
	    !(have_filters && hit->site->filter)) {
		if (!hit->site->ntexts)
			return hand_out_short(hit, offsetof(struct wire_record, start), 0);
		if (hit->site->ntexts == 1 && end_slots > 1)
			return hand_out_short(hit, sizeof(*record) + slot_bytes, 1);
	}
	record = bpf_ringbuf_reserve(&ring, record_bytes, 0);
	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	fill_record(ctx, hit, record);
	finish(record, hit, have_filters);
	return 0;
}

static __always_inline bool wanted(struct hit_context *hit)
{
	wire_u64 id = bpf_get_current_pid_tgid();
	struct bpf_pidns_info here;

	hit->tgid = (wire_u32)(id >> 32);
	hit->tid = (wire_u32)id;
	if (pidns_inode &&
	    !bpf_get_ns_current_pid_tgid(pidns_device, pidns_inode, &here, sizeof(here))) {
		hit->tgid = here.tgid;
		hit->tid = here.pid;
	}
	return !only_tgid || hit->tgid == only_tgid;
}

SEC("uprobe.s")
int on_hit(struct pt_regs *ctx)
{
	struct hit_context hit;

	if (!wanted(&hit))
		return 0;
	hit.index = (wire_u32)bpf_get_attach_cookie(ctx);
	hit.site = bpf_map_lookup_elem(&sites, &hit.index);
	if (!hit.site)
		return 0;
	copy_regs(ctx, hit.regs);
	hit.moved = ctx->rip - hit.site->pc;
	if (hit.site->role == WIRE_START)
		return open_span(&hit);
	if (frozen)
		return hit.site->role == WIRE_END ? forget_start(&hit) : 0;
	return recording ? keep(ctx, &hit) : hand_out(ctx, &hit);
}

char LICENSE[] SEC("license") = "GPL";
