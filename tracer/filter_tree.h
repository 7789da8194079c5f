/* SPDX-License-Identifier: MIT */
/* A parsed condition; shared by tracer/filter.c and tracer/filter_wire.c only. */
#ifndef TRACER_FILTER_TREE_H
#define TRACER_FILTER_TREE_H

#include "tracer/filter.h"

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };
enum test_op { TEST_TRUE, TEST_EQ, TEST_NE, TEST_LT, TEST_LE, TEST_GT, TEST_GE, TEST_LIKE,
	       TEST_UNLIKE };
enum test_word { WORD_ARG, WORD_DURATION, WORD_GOID, WORD_PID, WORD_TID, WORD_PROBE,
		 WORD_PROVIDER, WORD_NAME };

struct node {
	enum node_kind kind;
	struct node *left, *right; /* of AND and OR; NOT has only left */
	/* Of a test */
	char *probe;   /* pattern, or NULL */
	char *name;
	enum test_word word;
	enum test_op op;
	char *text;    /* the value as written */
	bool is_number; /* it can be read as one: a number, true, false, nil */
	int64_t number;
	bool huge;      /* above INT64_MAX: `number` has the bits */
	int column;
};

struct filter {
	struct node *root;
	const char *source; /* borrowed */
};

/* Whether the test is about events of this probe, by its name or its span's. */
bool node_is_about(const struct node *node, const char *provider, const char *name,
		   const char *probe_name);

/* Whether a test of the word probe, provider or name holds for such an event. */
bool node_name_holds(const struct node *test, const char *provider, const char *name);

#endif
