/* SPDX-License-Identifier: MIT */
/* YAML nodes with their places, on top of libyaml. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "probe/yaml.h"

struct yaml_doc {
	char *name;
	yaml_document_t doc;
};

struct yaml_stream {
	const char *name;
	yaml_parser_t parser;
};

static struct err *parse_error(const char *name, const yaml_parser_t *parser)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	const char *problem = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_READER_ERROR)
		return err_new("%s: byte %zu: %s", name, parser->problem_offset, problem);
	return err_new("%s:%zu:%zu: %s", name, mark->line + 1, mark->column + 1, problem);
}

struct err *yaml_start(const char *name, const char *text, size_t len,
		       struct yaml_stream **stream_ret)
{
	struct yaml_stream *stream = mem_zalloc(sizeof(*stream));

	if (!yaml_parser_initialize(&stream->parser)) {
		free(stream);
		return err_new("%s: libyaml does not start", name);
	}
	stream->name = name;
	yaml_parser_set_input_string(&stream->parser, (const unsigned char *)text, len);
	*stream_ret = stream;
	return NULL;
}

struct err *yaml_next(struct yaml_stream *stream, struct yaml_doc **doc_ret)
{
	struct yaml_doc *doc = mem_zalloc(sizeof(*doc));

	*doc_ret = NULL;
	if (!yaml_parser_load(&stream->parser, &doc->doc)) {
		free(doc);
		return parse_error(stream->name, &stream->parser);
	}
	doc->name = mem_strdup(stream->name);
	if (yaml_document_get_root_node(&doc->doc))
		*doc_ret = doc;
	else
		yaml_close(doc);
	return NULL;
}

void yaml_end(struct yaml_stream *stream)
{
	if (!stream)
		return;
	yaml_parser_delete(&stream->parser);
	free(stream);
}

void yaml_close(struct yaml_doc *doc)
{
	if (!doc)
		return;
	yaml_document_delete(&doc->doc);
	free(doc->name);
	free(doc);
}

/* libyaml's getters take pointers to what they do not change. */
static yaml_document_t *document(const struct yaml_doc *doc)
{
	yaml_document_t *plain;
	const yaml_document_t *inner = &doc->doc;

	memcpy(&plain, &inner, sizeof(plain));
	return plain;
}

struct ynode yaml_root(const struct yaml_doc *doc)
{
	return (struct ynode){ doc, yaml_document_get_root_node(document(doc)) };
}

const char *yaml_name(struct ynode at)
{
	return at.doc->name;
}

void yaml_place(struct ynode at, int *line_ret, int *column_ret)
{
	bool quoted = at.node->type == YAML_SCALAR_NODE &&
		      (at.node->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
		       at.node->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE);

	*line_ret = (int)at.node->start_mark.line + 1;
	*column_ret = (int)at.node->start_mark.column + 1 + quoted;
}

struct err *yaml_error(struct ynode at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_vprintf(fmt, ap);

	va_end(ap);

	struct err *err = err_new("%s:%zu:%zu: %s", at.doc->name, at.node->start_mark.line + 1,
				  at.node->start_mark.column + 1, text);

	free(text);
	return err;
}

const char *yaml_text(struct ynode at)
{
	if (at.node->type != YAML_SCALAR_NODE)
		return NULL;

	const char *text = (const char *)at.node->data.scalar.value;

	return strlen(text) == at.node->data.scalar.length ? text : NULL;
}

bool yaml_null(struct ynode at)
{
	const char *text = yaml_text(at);

	return text && at.node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

int yaml_items(struct ynode at)
{
	if (at.node->type != YAML_SEQUENCE_NODE)
		return -1;
	return (int)(at.node->data.sequence.items.top - at.node->data.sequence.items.start);
}

struct ynode yaml_item(struct ynode at, int index)
{
	int id = at.node->data.sequence.items.start[index];

	return (struct ynode){ at.doc, yaml_document_get_node(document(at.doc), id) };
}

int yaml_pairs(struct ynode at)
{
	if (at.node->type != YAML_MAPPING_NODE)
		return -1;
	return (int)(at.node->data.mapping.pairs.top - at.node->data.mapping.pairs.start);
}

struct ynode yaml_key(struct ynode at, int index)
{
	int id = at.node->data.mapping.pairs.start[index].key;

	return (struct ynode){ at.doc, yaml_document_get_node(document(at.doc), id) };
}

struct ynode yaml_value(struct ynode at, int index)
{
	int id = at.node->data.mapping.pairs.start[index].value;

	return (struct ynode){ at.doc, yaml_document_get_node(document(at.doc), id) };
}
