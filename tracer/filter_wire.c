/* SPDX-License-Identifier: MIT */
/* The part of a condition that the BPF program can decide. */
#include <string.h>

#include "tracer/filter_tree.h"

struct compiler {
	const struct selection *sel;
	const struct sel_probe *probe;
	uint32_t slot_bytes;
	struct wire_condition *to;
};

static bool put(struct compiler *c, const struct wire_step *step)
{
	if (c->to->nsteps == WIRE_STEPS)
		return false;
	c->to->steps[c->to->nsteps++] = *step;
	return true;
}

static bool put_op(struct compiler *c, enum wire_op op)
{
	return put(c, &(struct wire_step){ .op = (wire_u8)op });
}

/* One that always holds, or never. */
static bool put_constant(struct compiler *c, bool holds)
{
	return put(c, &(struct wire_step){ .op = WIRE_COMPARE, .size = 8,
					   .cmp = holds ? WIRE_EQ | WIRE_GT : WIRE_LT });
}

static int cmp_of(enum test_op op)
{
	switch (op) {
	case TEST_EQ: return WIRE_EQ;
	case TEST_LT: return WIRE_LT;
	case TEST_LE: return WIRE_LT | WIRE_EQ;
	case TEST_GT: return WIRE_GT;
	case TEST_GE: return WIRE_GT | WIRE_EQ;
	default: return WIRE_LT | WIRE_GT;
	}
}

static bool put_number(struct compiler *c, const struct node *test, size_t off, size_t size,
		       bool is_signed)
{
	if (test->op != TEST_TRUE && (!test->is_number || test->op >= TEST_LIKE))
		return false;
	/* A negative number and an unsigned one, or one above all: left to filter_holds(). */
	if (test->huge || (!is_signed && test->number < 0))
		return false;
	return put(c, &(struct wire_step){
		.op = WIRE_COMPARE, .cmp = (wire_u8)cmp_of(test->op), .size = (wire_u8)size,
		.is_signed = is_signed, .off = (uint32_t)off,
		.value = test->op == TEST_TRUE ? 0 : (wire_u64)test->number,
	});
}

static void put_bytes(struct wire_step *step, size_t first, const char *text, size_t len)
{
	memcpy(step->words + first, text, len);
	memset(step->masks + first, 0xff, len);
}

/* The text as a prefix and the end of a text, or as a whole; false for other patterns. */
static bool split(const struct node *test, struct wire_step *step)
{
	const char *text = test->text, *star = strchr(text, '*');
	size_t len = strlen(text), prefix;

	if (test->op == TEST_LIKE && (strpbrk(text, "?[\\") || (star && strchr(star + 1, '*'))))
		return false;
	if (test->op != TEST_LIKE)
		star = NULL;
	prefix = star ? (size_t)(star - text) : len;
	step->suffix_len = star ? (uint32_t)(len - prefix - 1) : 0;
	if (prefix > WIRE_PREFIX * 8 || step->suffix_len > WIRE_SUFFIX * 8)
		return false;
	put_bytes(step, 0, text, prefix);
	if (star)
		put_bytes(step, WIRE_PREFIX, star + 1, step->suffix_len);
	step->value = prefix + step->suffix_len;
	step->cmp = star ? WIRE_EQ | WIRE_GT : WIRE_EQ;
	return true;
}

static bool put_text(struct compiler *c, const struct node *test, const struct sel_arg *arg,
		     size_t hit, uint32_t first_slot)
{
	struct wire_step step = { .op = WIRE_TEXT };

	if (arg->slot < 0 || (test->op != TEST_EQ && test->op != TEST_LIKE) ||
	    !split(test, &step))
		return false;
	step.off = (uint32_t)sizeof(struct wire_record) +
		   (first_slot + (unsigned char)arg->slot) * c->slot_bytes;
	step.len_off = (uint32_t)(hit + offsetof(struct wire_hit, words) + arg->len_word * 8u);
	step.bad_off = (uint32_t)(hit + offsetof(struct wire_hit, bad_texts));
	step.bit = (unsigned char)arg->slot;
	return put(c, &step);
}

static bool put_arg(struct compiler *c, const struct node *test)
{
	bool of_start;
	const struct sel_arg *arg = selection_find_arg(c->probe, test->name, &of_start);
	size_t hit = of_start ? offsetof(struct wire_record, start) :
				offsetof(struct wire_record, hit);
	uint8_t number;

	if (!arg)
		return put_constant(c, false);
	number = arg->word;
	switch (arg->kind) {
	case VALUE_STRING:
	case VALUE_BYTES:
		return put_text(c, test, arg, hit, of_start ? c->sel->end_slots : 0);
	case VALUE_IP:
		return false;
	case VALUE_SLICE:
		number = arg->len_word;
		break;
	default:
		break;
	}
	size_t word = hit + offsetof(struct wire_hit, words) + number * 8u;

	if (!put_number(c, test, word, 8, arg->kind == VALUE_INT || arg->kind == VALUE_DURATION))
		return false;
	struct wire_step *step = &c->to->steps[c->to->nsteps - 1];

	step->bad_off = (uint32_t)(hit + offsetof(struct wire_hit, bad_words));
	step->bit = number;
	return true;
}

/* Without its start, the span has none: then all words of the start are bad. */
static bool put_duration(struct compiler *c, const struct node *test)
{
	if (!put_number(c, test, offsetof(struct wire_record, duration), 8, false))
		return false;
	struct wire_step *step = &c->to->steps[c->to->nsteps - 1];

	step->bad_off = offsetof(struct wire_record, start.bad_words);
	step->bit = WIRE_WORDS;
	return true;
}

static bool put_test(struct compiler *c, const struct node *test)
{
	const struct list_probe *listed = c->probe->seen.listed;
	const char *name = c->probe->span_name ? c->probe->span_name : listed->name;

	if (!node_is_about(test, listed->provider, name, listed->name))
		return put_constant(c, false);
	switch (test->word) {
	case WORD_DURATION:
		if (c->probe->role != WIRE_END)
			return put_constant(c, false);
		return put_duration(c, test);
	case WORD_GOID:
		if (!selection_has_goid(c->probe))
			return false;
		return put_number(c, test, offsetof(struct wire_record, hit.words), 8, false);
	case WORD_PID:
		return put_number(c, test, offsetof(struct wire_record, tgid), 4, false);
	case WORD_TID:
		return put_number(c, test, offsetof(struct wire_record, tid), 4, false);
	case WORD_ARG:
		return put_arg(c, test);
	default: /* a span that lost its start goes by its end's own name */
		if (node_name_holds(test, listed->provider, name) !=
		    node_name_holds(test, listed->provider, listed->name))
			return false;
		return put_constant(c, node_name_holds(test, listed->provider, name));
	}
}

/* All of the tree, or false; then `to` is as it was. */
static bool compile(struct compiler *c, const struct node *node)
{
	uint32_t before = c->to->nsteps;
	bool good;

	switch (node->kind) {
	case NODE_TEST:
		good = put_test(c, node);
		break;
	case NODE_NOT: /* a text that was cut counts as equal: not to be turned around */
		good = compile(c, node->left);
		for (uint32_t i = before; good && i < c->to->nsteps; i++)
			good = c->to->steps[i].op != WIRE_TEXT;
		good = good && put_op(c, WIRE_NOT);
		break;
	default:
		good = compile(c, node->left) && compile(c, node->right) &&
		       put_op(c, node->kind == NODE_AND ? WIRE_AND : WIRE_OR);
		break;
	}
	if (!good)
		c->to->nsteps = before;
	return good;
}

/* Of a conjunction any part may be left out. */
static void compile_parts(struct compiler *c, const struct node *node)
{
	uint32_t before = c->to->nsteps, middle;

	if (node->kind != NODE_AND) {
		compile(c, node);
		return;
	}
	compile_parts(c, node->left);
	middle = c->to->nsteps;
	compile_parts(c, node->right);
	if (middle > before && c->to->nsteps > middle && !put_op(c, WIRE_AND))
		c->to->nsteps = middle;
}

void filter_compile(const struct filter *filter, const struct selection *sel,
		    const struct sel_probe *probe, uint32_t slot_bytes,
		    struct wire_condition *condition_ret)
{
	struct compiler c = { sel, probe, slot_bytes, condition_ret };

	*condition_ret = (struct wire_condition){ 0 };
	compile_parts(&c, filter->root);
}
