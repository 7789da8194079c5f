/* SPDX-License-Identifier: MIT */
/* Parses conditions and decides them for decoded events. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/pattern.h"
#include "tracer/filter_tree.h"

enum { MOST_TESTS = 4000 }; /* the tree is walked by recursion */

struct parser {
	const char *source, *at;
	int depth, tests;
};

static void free_node(struct node *node)
{
	if (!node)
		return;
	free_node(node->left);
	free_node(node->right);
	free(node->probe);
	free(node->name);
	free(node->text);
	free(node);
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	free_node(filter->root);
	free(filter);
}

static struct err *bad(const struct parser *p, const char *what)
{
	return err_code(EXIT_USAGE, "condition '%s', column %d: %s", p->source,
			(int)(p->at - p->source) + 1, what);
}

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool take(struct parser *p, const char *token)
{
	skip_space(p);
	if (strncmp(p->at, token, strlen(token)))
		return false;
	p->at += strlen(token);
	return true;
}

static struct node *new_node(enum node_kind kind, struct node *left, struct node *right)
{
	struct node *node = mem_zalloc(sizeof(*node));

	*node = (struct node){ .kind = kind, .left = left, .right = right };
	return node;
}

/* [PROBE.]word, where PROBE may hold wildcards and a colon. */
static struct err *parse_name(struct parser *p, struct node *test)
{
	static const char *const words[] = { "", "duration", "goid", "pid", "tid", "probe",
					     "provider", "name" };
	size_t len;

	skip_space(p);
	test->column = (int)(p->at - p->source) + 1;
	len = strspn(p->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:*?.");
	if (!len || isdigit((unsigned char)*p->at))
		return bad(p, "expected the name of an argument, as in status >= 500");
	char *whole = mem_strndup(p->at, len), *dot = strrchr(whole, '.');

	test->name = mem_strdup(dot ? dot + 1 : whole);
	if (dot) {
		*dot = '\0';
		test->probe = mem_strdup(whole);
	}
	free(whole);
	if (!*test->name || strpbrk(test->name, ":*?"))
		return bad(p, "a probe's name is followed by a dot and an argument, as in "
			      "net_http:server_request.status");
	p->at += len;
	bool plain = !test->probe || strcmp(test->probe, "arg");

	if (!plain) {
		free(test->probe);
		test->probe = NULL;
	}
	for (int i = 1; plain && i <= WORD_NAME; i++)
		if (!strcmp(test->name, words[i]))
			test->word = (enum test_word)i;
	return NULL;
}

static bool parse_op(struct parser *p, struct node *test)
{
	static const struct {
		const char *token;
		enum test_op op;
	} ops[] = {
		{ "==", TEST_EQ }, { "!=", TEST_NE }, { "!~", TEST_UNLIKE }, { "<=", TEST_LE },
		{ ">=", TEST_GE }, { "<", TEST_LT }, { ">", TEST_GT }, { "~", TEST_LIKE },
		{ "=", TEST_EQ },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (take(p, ops[i].token)) {
			test->op = ops[i].op;
			return true;
		}
	return false;
}

/* 10ms, 0x1f, 1.5s, 64Ki, true, nil */
static bool read_number(const char *text, int64_t *number_ret, bool *huge_ret)
{
	static const struct {
		const char *name;
		double times;
	} units[] = {
		{ "", 1 }, { "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
		{ "m", 60e9 }, { "h", 3600e9 }, { "B", 1 }, { "k", 1e3 }, { "kB", 1e3 },
		{ "M", 1e6 }, { "MB", 1e6 }, { "G", 1e9 }, { "GB", 1e9 }, { "Ki", 1024 },
		{ "KiB", 1024 }, { "Mi", 1048576 }, { "MiB", 1048576 }, { "Gi", 1073741824 },
		{ "GiB", 1073741824 },
	};
	char *end;

	if (!strcmp(text, "true") || !strcmp(text, "false") || !strcmp(text, "nil")) {
		*number_ret = *text == 't';
		return true;
	}
	if (!isdigit((unsigned char)text[*text == '-']))
		return false;
	errno = 0;
	long long whole = strtoll(text, &end, 0);

	if (errno == ERANGE && *text != '-') {
		errno = 0;
		whole = (long long)strtoull(text, &end, 0);
		*huge_ret = true;
	}
	if (!*end && !errno) {
		*number_ret = whole;
		return true;
	}
	double value = strtod(text, &end);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name) && value * units[i].times < 9e18 &&
		    value * units[i].times > -9e18) {
			*number_ret = (int64_t)(value * units[i].times);
			return true;
		}
	return false;
}

/* Takes the text of a value. */
static struct err *take_value(struct parser *p, struct node *test, bool *quoted_ret)
{
	skip_space(p);
	*quoted_ret = *p->at == '"' || *p->at == '\'';
	if (*quoted_ret) {
		const char *end = strchr(p->at + 1, *p->at);

		if (!end)
			return bad(p, "the text has no closing quote");
		test->text = mem_strndup(p->at + 1, (size_t)(end - p->at) - 1);
		p->at = end + 1;
		return NULL;
	}
	size_t len = strcspn(p->at, " \t\n()&|\"'!<>=~");

	if (!len)
		return bad(p, "expected a value");
	test->text = mem_strndup(p->at, len);
	p->at += len;
	return NULL;
}

static struct err *parse_value(struct parser *p, struct node *test)
{
	bool of_number = test->word >= WORD_DURATION && test->word <= WORD_TID;
	bool ordered = test->op >= TEST_LT && test->op <= TEST_GE, quoted;
	struct parser before = *p;

	TRY(take_value(p, test, &quoted));
	skip_space(&before);
	if (!quoted || ordered || of_number)
		test->is_number = read_number(test->text, &test->number, &test->huge);
	if (!test->is_number && ordered)
		return bad(&before, "expected a number, as 500, 10ms or 64Ki");
	if (of_number && (!test->is_number || test->op >= TEST_LIKE))
		return bad(&before, "expected a comparison with a number, as in duration > 10ms");
	if (test->word == WORD_DURATION && test->number &&
	    isdigit((unsigned char)test->text[strlen(test->text) - 1]))
		return bad(&before, "expected a time with its unit, as 500us, 10ms or 2s");
	return NULL;
}

static struct err *parse_or(struct parser *p, struct node **node_ret);

static struct err *parse_test(struct parser *p, struct node **node_ret)
{
	if (++p->tests > MOST_TESTS)
		return bad(p, "more than 4000 tests");
	struct node *test = new_node(NODE_TEST, NULL, NULL);
	struct err *err = parse_name(p, test);

	if (!err && parse_op(p, test))
		err = parse_value(p, test);
	if (err)
		free_node(test);
	else
		*node_ret = test;
	return err;
}

static struct err *parse_not(struct parser *p, struct node **node_ret)
{
	struct node *inner = NULL;
	struct err *err = NULL;

	skip_space(p);
	if (++p->depth > 100)
		return bad(p, "nested too deeply");
	if (*p->at == '!') {
		p->at++;
		err = parse_not(p, &inner);
		if (!err)
			*node_ret = new_node(NODE_NOT, inner, NULL);
	} else if (take(p, "(")) {
		err = parse_or(p, &inner);
		if (!err && !take(p, ")"))
			err = bad(p, "expected )");
		if (err)
			free_node(inner);
		else
			*node_ret = inner;
	} else {
		err = parse_test(p, node_ret);
	}
	p->depth--;
	return err;
}

static struct err *parse_chain(struct parser *p, enum node_kind kind, const char *token,
			       struct err *(*part)(struct parser *, struct node **),
			       struct node **node_ret)
{
	struct node *left, *right;

	TRY(part(p, &left));
	while (take(p, token)) {
		struct err *err = part(p, &right);

		if (err) {
			free_node(left);
			return err;
		}
		left = new_node(kind, left, right);
	}
	*node_ret = left;
	return NULL;
}

static struct err *parse_and(struct parser *p, struct node **node_ret)
{
	return parse_chain(p, NODE_AND, "&&", parse_not, node_ret);
}

static struct err *parse_or(struct parser *p, struct node **node_ret)
{
	return parse_chain(p, NODE_OR, "||", parse_and, node_ret);
}

struct err *filter_parse(const char *text, struct filter **filter_ret)
{
	struct parser p = { .source = text, .at = text };
	struct node *root = NULL;

	TRY(parse_or(&p, &root));
	skip_space(&p);
	if (*p.at) {
		free_node(root);
		return bad(&p, "expected &&, || or the end");
	}
	*filter_ret = mem_zalloc(sizeof(**filter_ret));
	**filter_ret = (struct filter){ root, text };
	return NULL;
}

static bool needs_spans(const struct node *node)
{
	return node && (node->kind == NODE_TEST ? node->word == WORD_DURATION :
			needs_spans(node->left) || needs_spans(node->right));
}

bool filter_needs_spans(const struct filter *filter)
{
	return needs_spans(filter->root);
}

bool node_is_about(const struct node *node, const char *provider, const char *name,
		   const char *probe_name)
{
	return !node->probe || pattern_match(node->probe, provider, name) ||
	       pattern_match(node->probe, provider, probe_name);
}

static size_t text_bytes(const struct node *node)
{
	if (!node)
		return 0;
	size_t left = text_bytes(node->left), right = text_bytes(node->right);
	size_t own = node->text && !node->is_number ? strlen(node->text) : 0;

	left = left > right ? left : right;
	return own > left ? own : left;
}

size_t filter_text_bytes(const struct filter *filter)
{
	return text_bytes(filter->root);
}

static struct err *check(const struct filter *filter, const struct node *node,
			 const struct selection *sel)
{
	bool of_start;

	if (node->kind != NODE_TEST) {
		TRY(check(filter, node->left, sel));
		return node->right ? check(filter, node->right, sel) : NULL;
	}
	for (size_t i = 0; i < sel->nprobes; i++) {
		const struct sel_probe *probe = &sel->probes[i];
		const char *name = probe->seen.listed->name;

		if (!node_is_about(node, probe->seen.listed->provider,
				   probe->span_name ? probe->span_name : name, name))
			continue;
		if (node->word != WORD_ARG || selection_find_arg(probe, node->name, &of_start))
			return NULL;
	}
	return err_code(EXIT_USAGE, "condition '%s', column %d: no selected probe has %s%s%s",
			filter->source, node->column,
			node->word == WORD_ARG ? "an argument " : "the name ",
			node->word == WORD_ARG ? node->name : node->probe,
			node->word == WORD_ARG ? "; `probes list` shows what they have" : "");
}

struct err *filter_check(const struct filter *filter, const struct selection *sel)
{
	return check(filter, filter->root, sel);
}

static bool compare_numbers(const struct node *test, int64_t left, bool is_unsigned)
{
	int64_t right = test->number;
	bool same = left == right && (is_unsigned ? test->huge || right >= 0 : !test->huge);
	bool less = left < right;

	if (is_unsigned) /* no unsigned number is less than a negative one */
		less = (right >= 0 || test->huge) && (uint64_t)left < (uint64_t)right;
	else if (test->huge)
		less = true;
	switch (test->op) {
	case TEST_EQ: return same;
	case TEST_NE: return !same;
	case TEST_LT: return less;
	case TEST_LE: return less || same;
	case TEST_GT: return !less && !same;
	case TEST_GE: return !less;
	default: return left != 0;
	}
}

static bool compare_text(const struct node *test, const char *text, size_t len)
{
	char *copy;
	bool same;

	if (test->op == TEST_TRUE)
		return len > 0;
	if (test->op == TEST_EQ || test->op == TEST_NE) {
		same = strlen(test->text) == len && !memcmp(test->text, text, len);
		return same == (test->op == TEST_EQ);
	}
	if (test->op != TEST_LIKE && test->op != TEST_UNLIKE)
		return false;
	copy = mem_strndup(text, len);
	same = fnmatch(test->text, copy, 0) == 0;
	free(copy);
	return same == (test->op == TEST_LIKE);
}

/* A number, or a type, by what is printed of it: status ~ 5*, v == main.Order. */
static bool printed_holds(const struct node *test, const struct value *value)
{
	struct buf text = { 0 };

	value_put_text(&text, value);
	bool result = compare_text(test, (const char *)text.data, text.len);

	buf_free(&text);
	return result;
}

static bool value_holds(const struct node *test, const struct value *value)
{
	bool is_text = value->kind == VALUE_STRING || value->kind == VALUE_BYTES;
	char ip[VALUE_IP_SIZE];

	if (value->unread)
		return false;
	if (value->kind == VALUE_IP)
		return compare_text(test, ip, strlen(value_ip(value, ip)));
	if (test->op == TEST_TRUE)
		return is_text ? value->full_len > 0 : value->u != 0;
	if (is_text)
		return value->text && compare_text(test, value->text, value->len);
	if (test->is_number && test->op < TEST_LIKE)
		return compare_numbers(test, value->i, value->kind != VALUE_INT &&
				       value->kind != VALUE_DURATION);
	if (value->kind == VALUE_ENUM || (value->kind == VALUE_ERROR && !value->type_name))
		return value->text && compare_text(test, value->text, value->len);
	if (value->kind == VALUE_ERROR && value->text)
		return compare_text(test, value->text, value->len);
	return printed_holds(test, value);
}

bool node_name_holds(const struct node *test, const char *provider, const char *name)
{
	char *whole = mem_printf("%s:%s", provider, name);
	const char *text = test->word == WORD_PROBE ? whole :
			   test->word == WORD_PROVIDER ? provider : name;
	bool result = compare_text(test, text, strlen(text));

	free(whole);
	return result;
}

static bool test_holds(const struct node *test, const struct event *event)
{
	const struct value *value;

	if (!node_is_about(test, event->provider, event->name, event->probe->listed->name))
		return false;
	switch (test->word) {
	case WORD_DURATION:
		return event->start && compare_numbers(test, (int64_t)event->duration_ns, true);
	case WORD_GOID:
		return compare_numbers(test, (int64_t)event->goid, true);
	case WORD_PID:
		return compare_numbers(test, event->pid, false);
	case WORD_TID:
		return compare_numbers(test, event->tid, false);
	case WORD_PROBE:
	case WORD_PROVIDER:
	case WORD_NAME:
		return node_name_holds(test, event->provider, event->name);
	case WORD_ARG:
		break;
	}
	value = event_value(event, test->name);
	return value && value_holds(test, value);
}

static bool holds(const struct node *node, const struct event *event)
{
	switch (node->kind) {
	case NODE_AND: return holds(node->left, event) && holds(node->right, event);
	case NODE_OR: return holds(node->left, event) || holds(node->right, event);
	case NODE_NOT: return !holds(node->left, event);
	case NODE_TEST: break;
	}
	return test_holds(node, event);
}

bool filter_holds(const struct filter *filter, const struct event *event)
{
	return holds(filter->root, event);
}
