/* SPDX-License-Identifier: GPL-2.0 */
/* Conditions as tracer/filter_wire.c makes them; a part of tracer/events.bpf.c. */
#ifndef TRACER_CONDITION_BPF_H
#define TRACER_CONDITION_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, wire_u32);
	__type(value, struct wire_condition);
} conditions SEC(".maps");

static __always_inline bool compare(const struct wire_step *step, wire_u64 value)
{
	bool below = step->is_signed ? (long long)value < (long long)step->value :
		     value < step->value;

	return step->cmp & (below ? WIRE_LT : value == step->value ? WIRE_EQ : WIRE_GT);
}

/* Offsets come from the tracer; these bounds are for the verifier. */
static __always_inline bool inside(wire_u32 *off, wire_u32 room)
{
	*off &= 0xffff;
	return *off <= record_bytes - room;
}

static __always_inline bool number_holds(const struct wire_step *step, const void *record)
{
	wire_u32 off = step->off;
	wire_u64 value;
	int shift = 64 - 8 * (step->size & 15);

	if (!inside(&off, 8))
		return false;
	value = *(const wire_u64 *)(record + off) << (shift & 63);
	value = step->is_signed ? (wire_u64)((long long)value >> (shift & 63)) :
	       value >> (shift & 63);
	return compare(step, value);
}

/* Whether `n` words at the record's offset are those of the step, from its `first` on. */
static __always_inline bool same_words(const struct wire_step *step, const void *record,
				       wire_u32 off, int first, int n)
{
	wire_u64 differ = 0;

	if (!inside(&off, n * 8))
		return false;
#pragma unroll
	for (int i = 0; i < n; i++) {
		wire_u64 word = *(const wire_u64 *)(record + off + i * 8);

		differ |= (word ^ step->words[first + i]) & step->masks[first + i];
	}
	return !differ;
}

static __always_inline bool text_holds(const struct wire_step *step, const void *record)
{
	wire_u32 off = step->off, len_off = step->len_off;
	wire_u64 len;

	if (!inside(&len_off, 8))
		return false;
	len = *(const wire_u64 *)(record + len_off);
	if ((long long)len < 0)
		len = 0;
	if (len > slot_bytes) /* it was cut, so that its end is not known here */
		return same_words(step, record, off, 0, WIRE_PREFIX);
	return compare(step, len) && same_words(step, record, off, 0, WIRE_PREFIX) &&
	       same_words(step, record, off + (wire_u32)len - step->suffix_len, WIRE_PREFIX,
			  WIRE_SUFFIX);
}

static __always_inline bool step_holds(const struct wire_step *step, const void *record)
{
	wire_u32 bad_off = step->bad_off;

	if (bad_off && inside(&bad_off, 8) &&
	    *(const wire_u16 *)(record + bad_off) & 1u << (step->bit & 15))
		return false;
	return step->op == WIRE_TEXT ? text_holds(step, record) : number_holds(step, record);
}

/*
 * Whether condition `index` holds for the record; there is none with index 0. The zero that
 * the verifier does not know keeps it from following all the ways through all the steps.
 */
static __noinline bool holds(const void *record, wire_u32 index)
{
	const struct wire_condition *condition = bpf_map_lookup_elem(&conditions, &index);
	wire_u64 stack; /* of truth values, the last one lowest */

	if (!condition)
		return true;
	stack = !condition->nsteps;
	for (int i = 0; i < WIRE_STEPS; i++) {
		const struct wire_step *step = &condition->steps[i];

		if (i >= condition->nsteps)
			break;
		if (step->op == WIRE_NOT)
			stack ^= 1;
		else if (step->op == WIRE_AND)
			stack = (stack >> 1) & ((stack & 1) | ~1ull);
		else if (step->op == WIRE_OR)
			stack = (stack >> 1) | (stack & 1);
		else
			stack = stack << 1 | (step_holds(step, record) ^ condition->zero);
	}
	return stack & 1;
}

#endif
