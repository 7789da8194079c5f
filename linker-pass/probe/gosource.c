/* SPDX-License-Identifier: MIT */
/* Directives in Go source. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/near.h"
#include "probe/gosource.h"

#define PREFIX "//probes:"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const char *const words[] = { "entry", "return", "noinline", "provider" };

struct lexer {
	const char *name;
	const char *pos, *end;
	const char *line_start;
	int line;
	int depth;         /* of brackets */
	bool line_used;    /* a token or comment stands on this line */
	size_t first_open; /* directives from here on wait for their function */
	struct gosource *source;
};

/* Identifiers may hold any letter; what is not ASCII counts as one. */
static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool at_text(const struct lexer *lex, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(lex->end - lex->pos) >= len && !memcmp(lex->pos, text, len);
}

static struct err *fail_at(const struct lexer *lex, struct def_place at, const char *what)
{
	return err_new("%s:%d:%d: %s", lex->name, at.line, at.column, what);
}

static struct err *misplaced(const struct lexer *lex, bool closure)
{
	return fail_at(lex, lex->source->directives[lex->first_open].at,
		       closure ? "the directive stands above a function literal; name that in "
				 "probes.yaml"
			       : "the directive stands not directly above a function; move it to "
				 "the line before \"func\"");
}

static struct def_place place_of(const struct lexer *lex, const char *pos)
{
	return (struct def_place){ lex->line, (int)(pos - lex->line_start) + 1 };
}

static void next_line(struct lexer *lex)
{
	lex->line++;
	lex->line_start = lex->pos;
	lex->line_used = false;
}

/* Behind the opening quote, up to behind the closing one or to the end of the line. */
static void skip_string(struct lexer *lex, char quote)
{
	while (lex->pos < lex->end && *lex->pos != quote && *lex->pos != '\n')
		lex->pos += *lex->pos == '\\' && lex->pos + 1 < lex->end ? 2 : 1;
	if (lex->pos < lex->end && *lex->pos == quote)
		lex->pos++;
}

/* Up to behind `close`, over lines. */
static void skip_block(struct lexer *lex, const char *close)
{
	while (lex->pos < lex->end && !at_text(lex, close)) {
		bool newline = *lex->pos++ == '\n';

		if (newline)
			next_line(lex);
	}
	lex->pos += lex->pos < lex->end ? strlen(close) : 0;
	lex->line_used = true;
}

static void skip_comment(struct lexer *lex)
{
	const char *newline = memchr(lex->pos, '\n', (size_t)(lex->end - lex->pos));

	lex->pos = newline ? newline : lex->end;
}

static struct err *unknown_word(const struct lexer *lex, const char *start, size_t len)
{
	char *word = mem_strndup(start, len < 40 ? len : 40);
	const char *near = NULL;
	int best = 4;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		int far = near_distance(word, words[i]);

		if (far < best) {
			best = far;
			near = words[i];
		}
	}

	struct def_place at = place_of(lex, start);
	struct err *err = err_new("%s:%d:%d: probes:%s is no directive; write probes:%s",
				  lex->name, at.line, at.column, word,
				  near ? near : "entry or probes:return");

	free(word);
	return err;
}

/* A comment that starts with the prefix, up to the end of its line. */
static struct err *take_directive(struct lexer *lex)
{
	struct gosource *source = lex->source;
	struct gosource_directive found = { .at = place_of(lex, lex->pos) };
	const char *word = lex->pos + strlen(PREFIX), *end, *rest;
	size_t len = 0, which = 0;
	bool alone = !lex->line_used;

	skip_comment(lex);
	lex->line_used = true;
	end = lex->pos;
	while (word + len < end && !isspace((unsigned char)word[len]))
		len++;
	while (which < sizeof(words) / sizeof(*words) &&
	       (strlen(words[which]) != len || memcmp(words[which], word, len)))
		which++;
	if (which == sizeof(words) / sizeof(*words))
		return unknown_word(lex, word, len);
	for (rest = word + len; rest < end && isspace((unsigned char)*rest); rest++)
		;
	while (end > rest && isspace((unsigned char)end[-1]))
		end--;
	found.word = (enum gosource_word)which;
	found.rest = place_of(lex, rest);
	found.text = mem_strndup(rest, (size_t)(end - rest));
	source->directives = mem_realloc(source->directives,
					 (source->n + 1) * sizeof(*source->directives));
	source->directives[source->n++] = found;
	if (found.word == GOSOURCE_PROVIDER && lex->first_open == source->n - 1)
		lex->first_open++;
	else if (!alone)
		return misplaced(lex, false);
	return NULL;
}

/* White space and comments within a declaration. */
static void skip_space(struct lexer *lex)
{
	while (lex->pos < lex->end) {
		if (at_text(lex, "//")) {
			skip_comment(lex);
		} else if (at_text(lex, "/*")) {
			lex->pos += 2;
			skip_block(lex, "*/");
		} else if (isspace((unsigned char)*lex->pos)) {
			if (*lex->pos++ == '\n')
				next_line(lex);
		} else {
			return;
		}
	}
}

static void take_name(struct lexer *lex, struct buf *out)
{
	const char *start = lex->pos;

	while (lex->pos < lex->end && name_char(*lex->pos))
		lex->pos++;
	buf_put(out, start, (size_t)(lex->pos - start));
}

/* From an opening bracket to behind the one that closes it. */
static void skip_brackets(struct lexer *lex)
{
	int depth = 0;

	do {
		skip_space(lex);
		if (lex->pos == lex->end)
			return;
		if (strchr("([{", *lex->pos))
			depth++;
		else if (strchr(")]}", *lex->pos))
			depth--;
		lex->pos++;
	} while (depth > 0);
}

/*
 * Behind "(": "c *Cart)", "Cart)", "l *List[T])". The type is the last name before the
 * brackets; *generic_ret tells whether there are any.
 */
static void take_receiver(struct lexer *lex, struct buf *type, bool *pointer_ret,
			  bool *generic_ret)
{
	int open = 1;

	while (skip_space(lex), lex->pos < lex->end && open) {
		char c = *lex->pos;

		if (name_char(c)) {
			type->len = 0;
			take_name(lex, type);
			continue;
		}
		if (c == '[') {
			*generic_ret = true;
			skip_brackets(lex);
			continue;
		}
		*pointer_ret |= c == '*';
		open += (c == '(') - (c == ')');
		lex->pos++;
	}
}

/* Behind "func": the symbol of the declaration, without its package; NULL for a literal. */
static char *take_func(struct lexer *lex)
{
	struct buf type = { 0 }, name = { 0 }, symbol = { 0 };
	bool pointer = false, generic = false;

	skip_space(lex);
	if (lex->pos < lex->end && *lex->pos == '(') {
		lex->pos++;
		take_receiver(lex, &type, &pointer, &generic);
		skip_space(lex);
	}
	take_name(lex, &name);
	skip_space(lex);
	buf_u8(&type, 0);
	buf_u8(&name, 0);
	if (type.len > 1)
		buf_printf(&symbol, "%s%s%s%s.", pointer ? "(*" : "", (char *)type.data,
			   generic ? "[...]" : "", pointer ? ")" : "");
	buf_printf(&symbol, "%s%s", (char *)name.data,
		   lex->pos < lex->end && *lex->pos == '[' ? "[...]" : "");
	buf_u8(&symbol, 0);
	if (name.len == 1)
		buf_free(&symbol);
	buf_free(&type);
	buf_free(&name);
	return (char *)symbol.data;
}

/* A word of code. The directives that wait take the function that it declares. */
static struct err *take_word(struct lexer *lex)
{
	struct gosource *source = lex->source;
	struct buf word = { 0 };
	bool is_func, waiting = lex->first_open < source->n, first = !lex->line_used;

	take_name(lex, &word);
	is_func = word.len == 4 && !memcmp(word.data, "func", 4);
	buf_free(&word);
	lex->line_used = true;
	if (!waiting)
		return NULL;
	if (!is_func || !first)
		return misplaced(lex, false);

	char *func = lex->depth ? NULL : take_func(lex);

	if (!func)
		return misplaced(lex, true);
	for (; lex->first_open < source->n; lex->first_open++)
		if (source->directives[lex->first_open].word != GOSOURCE_PROVIDER)
			source->directives[lex->first_open].func = mem_strdup(func);
	free(func);
	lex->line_used = true;
	return NULL;
}

/* Any other character of code, or white space. */
static struct err *take_char(struct lexer *lex)
{
	bool waiting = lex->first_open < lex->source->n;
	char c = *lex->pos++;

	if (c == '\n') {
		bool blank = !lex->line_used;

		next_line(lex);
		return waiting && blank ? misplaced(lex, false) : NULL;
	}
	if (isspace((unsigned char)c))
		return NULL;
	lex->line_used = true;
	if (waiting)
		return misplaced(lex, false);
	if (strchr("([{", c))
		lex->depth++;
	else if (strchr(")]}", c))
		lex->depth--;
	else if (c == '"' || c == '\'')
		skip_string(lex, c);
	else if (c == '`')
		skip_block(lex, "`");
	return NULL;
}

static struct err *take_next(struct lexer *lex)
{
	if (at_text(lex, PREFIX))
		return take_directive(lex);
	if (at_text(lex, "//")) {
		skip_comment(lex);
		lex->line_used = true;
		return NULL;
	}
	if (at_text(lex, "/*")) {
		lex->pos += 2;
		skip_block(lex, "*/");
		return NULL;
	}
	return name_char(*lex->pos) ? take_word(lex) : take_char(lex);
}

/* The package clause, behind comments only. */
static void read_clause(const char *text, size_t len, struct gosource *source)
{
	static const char ignore[] = "//go:build ignore";
	struct lexer lex = { .pos = text, .end = text + len, .line_start = text };
	struct buf name = { 0 };

	if (at_text(&lex, BYTE_ORDER_MARK))
		lex.pos += strlen(BYTE_ORDER_MARK);
	skip_space(&lex);
	if (at_text(&lex, "package")) {
		lex.pos += strlen("package");
		skip_space(&lex);
		take_name(&lex, &name);
	}
	buf_u8(&name, 0);
	source->package = (char *)name.data;
	source->ignored = memmem(text, (size_t)(lex.pos - text), ignore, sizeof(ignore) - 1);
}

struct err *gosource_read(const char *name, const char *text, size_t len,
			  struct gosource *source_ret)
{
	struct lexer lex = { .name = name, .pos = text, .end = text + len, .line_start = text,
			     .line = 1, .source = source_ret };

	*source_ret = (struct gosource){ 0 };
	read_clause(text, len, source_ret);
	if (!memmem(text, len, PREFIX, strlen(PREFIX)))
		return NULL;
	if (at_text(&lex, BYTE_ORDER_MARK))
		lex.line_start = lex.pos += strlen(BYTE_ORDER_MARK);
	while (lex.pos < lex.end)
		TRY(take_next(&lex));
	return lex.first_open < source_ret->n ? misplaced(&lex, false) : NULL;
}

void gosource_clear(struct gosource *source)
{
	for (size_t i = 0; i < source->n; i++) {
		free(source->directives[i].text);
		free(source->directives[i].func);
	}
	free(source->directives);
	free(source->package);
}
