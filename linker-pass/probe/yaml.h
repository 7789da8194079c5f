/* SPDX-License-Identifier: MIT */
/* YAML text as nodes that know their place, for messages of the form file:line:column. */
#ifndef PROBE_YAML_H
#define PROBE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct yaml_doc;
struct yaml_node_s; /* libyaml's */

struct ynode {
	const struct yaml_doc *doc; /* borrowed */
	struct yaml_node_s *node;
};

/*
 * The documents of a text ("---" stands between them), one after the other. `name` is what
 * messages call it. name and text are borrowed until yaml_end().
 */
struct yaml_stream;
struct err *yaml_start(const char *name, const char *text, size_t len,
		       struct yaml_stream **stream_ret);
/* The next document, owned by the caller; NULL at the end. */
struct err *yaml_next(struct yaml_stream *stream, struct yaml_doc **doc_ret);
void yaml_end(struct yaml_stream *stream); /* NULL is fine */
void yaml_close(struct yaml_doc *doc);     /* NULL is fine */

struct ynode yaml_root(const struct yaml_doc *doc);

/* "name:line:column: " and the message, about a node. */
struct err *yaml_error(struct ynode at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The text of a scalar, borrowed; NULL for any other node. */
const char *yaml_text(struct ynode at);
/* Whether the scalar is a plain ~, null or empty one. */
bool yaml_null(struct ynode at);
/* What messages call the text that the node is in; borrowed. */
const char *yaml_name(struct ynode at);
/* Line and column, from 1, of the first character of a node's value (behind a quote). */
void yaml_place(struct ynode at, int *line_ret, int *column_ret);

/* How many items a sequence has; -1 for any other node. */
int yaml_items(struct ynode at);
struct ynode yaml_item(struct ynode at, int index);

/* How many keys a mapping has; -1 for any other node. */
int yaml_pairs(struct ynode at);
struct ynode yaml_key(struct ynode at, int index);
struct ynode yaml_value(struct ynode at, int index);

#endif
