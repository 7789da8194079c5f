/* SPDX-License-Identifier: MIT */
/*
 * The block of one probe in a bpftrace script. The language is what bpftrace 0.17 and
 * later versions share: map keys and values of one type each, no map in an expression
 * that was not assigned to. Strings are buffers: str(pointer, length) counts a terminating
 * byte into the length from 0.23 on and not before. A branch in printf's arguments cannot mix
 * types, so an error that may be nil, and a duration that may be unknown, get a printf each.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bpftrace_block.h"
#include "elf/sdt.h"
#include "table.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

enum { MAX_BRANCHES = 4 };

/* What decides between two forms of a line: an error's type word, or a known start. */
struct branch {
	int arg; /* of the type word; -1 = the start of a pair */
};

/* One probe on its way to lines of script. */
struct block {
	struct script *script;
	const struct list_probe *probe;
	const struct list_probe *start; /* the other of its pair, of an end; or NULL */
	bool starts;                    /* it is the start of a selected pair */
	struct branch branches[MAX_BRANCHES];
	int nbranches;
	const char *dollar; /* "$" where argN was copied to the variable $argN, else "" */
};

/* The text of one printf. */
struct line {
	struct buf format, values;
	const char *dollar; /* the block's */
};

void script_text(struct buf *out, const char *text)
{
	buf_put(out, text, strlen(text));
}

/* Letters, digits and underscores; anything else becomes an underscore. */
static void put_word(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_u8(out, text[i] && strchr(PLAIN, text[i]) ? (uint8_t)text[i] : '_');
}

void script_comment(struct buf *out, const char *text)
{
	char *safe = table_escape(text);

	for (char *at = safe; *at; at++)
		buf_u8(out, at[0] == '*' && at[1] == '/' ? '_' : (uint8_t)*at);
	free(safe);
}

static void indent(struct buf *out, int depth)
{
	buf_fill(out, '\t', (size_t)depth);
}

bool script_is_plain(const char *text, const char *also)
{
	for (; *text; text++)
		if (!strchr(PLAIN, *text) && !strchr(also, *text))
			return false;
	return true;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && !strcmp(text + len - tail, end);
}

/* The name without _start or _end. */
static size_t stem_len(const char *name)
{
	return strlen(name) - strlen(ends_in(name, "_start") ? "_start" : "_end");
}

/* Whether every bpftrace reads all operands of all sites: one that it cannot spoils a probe. */
static bool operands_known(const struct list_probe *probe, int *n_ret)
{
	int n = 0;

	for (size_t i = 0; i < probe->nsites; i++) {
		const char *text = probe->sites[i].args;
		struct operand op;
		bool known;

		for (n = 0; sdt_parse_operand(&text, &op, &known); n++)
			;
		if (*text || !known)
			return false;
	}
	*n_ret = n;
	return true;
}

/* Why bpftrace cannot have this probe, or NULL. */
static const char *why_not(const struct list_probe *probe)
{
	int noperands;

	if (!script_is_plain(probe->provider, "-.") || !script_is_plain(probe->name, "-."))
		return "bpftrace cannot write its name";
	if (!operands_known(probe, &noperands))
		return "not every bpftrace reads its operands";
	if (probe->meta && noperands != probe->meta->nargs)
		return "its notes contradict each other";
	return NULL;
}

const struct list_probe *script_partner(const struct script *script,
					const struct list_probe *probe)
{
	bool start = ends_in(probe->name, "_start");

	if (!script->options->spans || why_not(probe) || (!start && !ends_in(probe->name, "_end")))
		return NULL;
	size_t stem = stem_len(probe->name);

	for (size_t i = 0; i < script->listing->nprobes; i++) {
		const struct list_probe *other = &script->listing->probes[i];

		if (!strcmp(other->provider, probe->provider) &&
		    !strncmp(other->name, probe->name, stem) &&
		    !strcmp(other->name + stem, start ? "_end" : "_start"))
			return why_not(other) ? NULL : other;
	}
	return NULL;
}

void script_map(struct buf *out, const struct list_probe *probe, const char *prefix)
{
	buf_printf(out, "@%s_", prefix);
	put_word(out, probe->provider, strlen(probe->provider));
	buf_u8(out, '_');
	put_word(out, probe->name, stem_len(probe->name));
}

/* "@start_net_dial[pid, arg0]": when it began on this goroutine, in C on this thread. */
static void put_start(struct buf *out, const struct block *block)
{
	script_map(out, block->probe, "start");
	if (block->probe->meta)
		buf_printf(out, "[pid, %sarg0]", block->dollar);
	else
		script_text(out, "[pid, tid]");
}

static void add_value(struct line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add_value(struct line *line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_vprintf(fmt, ap);
	va_end(ap);

	buf_printf(&line->values, ", %s", text);
	free(text);
}

void script_enum(struct buf *out, const struct listing *listing,
			  const struct meta_enum *numbers)
{
	buf_printf(out, "@names%zu_", (size_t)(numbers - listing->meta->enums));
	put_word(out, numbers->name, strlen(numbers->name));
}

/* The integers of Go, and what foreign notes have: a C integer of the operand's size. */
static void add_integer(struct line *line, const char *type, int arg)
{
	bool narrow = ends_in(type, "8") || ends_in(type, "16") || ends_in(type, "32");

	if (!strcmp(type, "uintptr") || *type == '*' || !strcmp(type, "unsafe.Pointer")) {
		script_text(&line->format, "0x%llx");
		add_value(line, "%sarg%d", line->dollar, arg);
	} else if (!strncmp(type, "int", 3)) {
		script_text(&line->format, narrow ? "%d" : "%lld");
		if (narrow)
			add_value(line, "(%s)%sarg%d", type, line->dollar, arg);
		else
			add_value(line, "%sarg%d", line->dollar, arg);
	} else {
		script_text(&line->format, narrow ? "%u" : "%llu");
		add_value(line, "%sarg%d", line->dollar, arg);
	}
}

static bool is_bytes(const struct list_value *value)
{
	return value->nwords == 2 &&
	       (!strcmp(value->type, "string") || !strcmp(value->type, "[]byte"));
}

static bool is_error(const struct list_value *value)
{
	return value->nwords == 2 && !strcmp(value->type, "error");
}

/* " name=FORMAT" of a value that is not an error. */
static void add_plain(struct block *block, struct line *line, const struct list_value *value)
{
	const struct listing *listing = block->script->listing;
	const struct meta_enum *numbers =
		meta_find_enum(listing->meta, block->probe->meta, value->arg);

	if (is_bytes(value)) {
		script_text(&line->format, "\\\"%r\\\"");
		add_value(line, "buf(%sarg%d, %sarg%d)", line->dollar, value->arg, line->dollar,
			  value->arg + 1);
	} else if (value->nwords == 2 && !strncmp(value->type, "[]", 2)) {
		script_text(&line->format, "[%lld]");
		add_value(line, "%sarg%d", line->dollar, value->arg + 1);
	} else if (value->nwords == 2) {
		script_text(&line->format, "0x%llx/0x%llx");
		add_value(line, "%sarg%d, %sarg%d", line->dollar, value->arg, line->dollar,
			  value->arg + 1);
	} else if (!strcmp(value->type, "bool")) {
		script_text(&line->format, "%s");
		add_value(line, "%sarg%d ? \"true\" : \"false\"", line->dollar, value->arg);
	} else if (numbers) {
		script_text(&line->format, "%u \\\"%s\\\"");
		add_value(line, "%sarg%d, ", line->dollar, value->arg);
		script_enum(&line->values, listing, numbers);
		buf_printf(&line->values, "[%sarg%d]", line->dollar, value->arg);
	} else {
		add_integer(line, value->type, value->arg);
	}
}

/* Whether the value behind an error is its text. */
static bool is_text_of(const struct list_value *text, const struct list_value *error)
{
	return is_bytes(text) && text->len == error->len + strlen("_text") &&
	       !strncmp(text->name, error->name, error->len) &&
	       !strncmp(text->name + error->len, "_text", strlen("_text"));
}

static bool in_reach(const struct block *block, const struct list_value *value)
{
	return value->arg + value->nwords - 1 <= block->script->options->last_arg;
}

/* How an error reads: its type word alone says whether there is one. */
static bool error_in_reach(const struct block *block, const struct list_value *value)
{
	return is_error(value) && value->arg <= block->script->options->last_arg;
}

/* Which way the line at hand goes where this word decides. */
static bool taken(const struct block *block, int arg, unsigned way)
{
	for (int i = 0; i < block->nbranches; i++)
		if (block->branches[i].arg == arg)
			return way >> i & 1;
	return false;
}

static void add_name(struct line *line, const struct list_value *value)
{
	buf_u8(&line->format, ' ');
	put_word(&line->format, value->name, value->len);
	buf_u8(&line->format, '=');
}

/* The values behind the goroutine's id; `way` has a bit for each branch. */
static void add_values(struct block *block, struct line *line, unsigned way)
{
	const struct meta_probe *meta = block->probe->meta;
	struct list_value value, error = { 0 };

	for (int i = 1, next; i < meta->nargs; i = next) {
		next = listing_value(meta, i, &value);
		if (error_in_reach(block, &value)) {
			error = value;
			add_name(line, &value);
			script_text(&line->format, taken(block, i, way) ? "nil" : "0x%llx");
			if (!taken(block, i, way))
				add_value(line, "%sarg%d", line->dollar, i);
		} else if (in_reach(block, &value) &&
			   !(is_text_of(&value, &error) && taken(block, error.arg, way))) {
			add_name(line, &value);
			add_plain(block, line, &value);
		}
	}
}

/* " arg0=..." for each operand of a note that is not ours; they are known. */
static void add_operands(struct block *block, struct line *line)
{
	const char *text = block->probe->sites[0].args;
	struct operand op;
	bool known;

	for (int i = 0; sdt_parse_operand(&text, &op, &known); i++) {
		char type[16];
		int bits = 8 * abs(op.size);

		if (i > block->script->options->last_arg)
			break;
		snprintf(type, sizeof(type), "%sint%d", op.size < 0 ? "" : "u", bits);
		buf_printf(&line->format, " arg%d=", i);
		add_integer(line, type, i);
	}
}

static void put_printf(struct block *block, unsigned way, int depth)
{
	struct buf *out = block->script->out;
	const struct list_probe *probe = block->probe;
	struct line line = { .dollar = block->dollar };

	buf_printf(&line.format, "%%s %%d %s %s:%s", probe->meta ? "g%llu" : "t%d",
		   probe->provider, probe->name);
	buf_printf(&line.values, "strftime(\"%%H:%%M:%%S.%%f\", nsecs), pid, %s%s",
		   probe->meta ? block->dollar : "", probe->meta ? "arg0" : "tid");
	if (probe->meta)
		add_values(block, &line, way);
	else
		add_operands(block, &line);
	if (taken(block, -1, way)) {
		script_text(&line.format, " took=%lluus");
		add_value(&line, "(nsecs - $start) / 1000");
	}
	indent(out, depth);
	buf_printf(out, "printf(\"%.*s\\n\",\n", (int)line.format.len, line.format.data);
	indent(out, depth + 1);
	buf_printf(out, "%.*s);\n", (int)line.values.len, line.values.data);
	buf_free(&line.format);
	buf_free(&line.values);
}

/* A printf for each way through the branches from number `at` on. */
static void put_branches(struct block *block, int at, unsigned way, int depth)
{
	struct buf *out = block->script->out;

	if (at == block->nbranches) {
		put_printf(block, way, depth);
		return;
	}
	int arg = block->branches[at].arg;

	indent(out, depth);
	if (arg < 0)
		script_text(out, "if ($start) {\n");
	else
		buf_printf(out, "if (%sarg%d == 0) {\n", block->dollar, arg);
	put_branches(block, at + 1, way | 1u << at, depth + 1);
	indent(out, depth);
	script_text(out, "} else {\n");
	put_branches(block, at + 1, way, depth + 1);
	indent(out, depth);
	script_text(out, "}\n");
}

static void find_branches(struct block *block)
{
	const struct meta_probe *meta = block->probe->meta;
	struct list_value value;

	if (block->start)
		block->branches[block->nbranches++].arg = -1;
	for (int i = 1, next; meta && i < meta->nargs; i = next) {
		next = listing_value(meta, i, &value);
		if (error_in_reach(block, &value) && block->nbranches < MAX_BRANCHES)
			block->branches[block->nbranches++].arg = i;
	}
}

/* Names the values that are left out because they are beyond the last argument. */
static void put_beyond(struct block *block)
{
	struct buf *out = block->script->out;
	const struct meta_probe *meta = block->probe->meta;
	struct list_value value;
	const char *sep = "";

	for (int i = 1, next; meta && i < meta->nargs; i = next) {
		next = listing_value(meta, i, &value);
		if (in_reach(block, &value) || error_in_reach(block, &value))
			continue;
		script_text(out, *sep ? sep : "\t// beyond --args: ");
		sep = ", ";
		put_word(out, value.name, value.len);
		buf_printf(out, value.nwords == 2 ? " arg%d, arg%d" : " arg%d", i, i + 1);
	}
	if (*sep)
		buf_u8(out, '\n');
}

/* What the end of a pair does with the time of its start. */
static void put_end(struct block *block)
{
	struct buf *out = block->script->out;

	script_text(out, "\tif ($start) {\n\t\t");
	script_map(out, block->probe, "us");
	script_text(out, " = hist((nsecs - $start) / 1000);\n\t\tdelete(");
	put_start(out, block);
	script_text(out, ");\n\t}\n");
}

/*
 * Copies the words before any branch: where two branches read the same register, bpftrace 0.17
 * makes code that the kernel refuses ("dereference of modified ctx ptr").
 */
static void put_copies(struct block *block)
{
	struct buf *out = block->script->out;
	const struct meta_probe *meta = block->probe->meta;
	struct list_value value;

	for (int i = 0, next; meta && i < meta->nargs; i = next) {
		next = listing_value(meta, i, &value);
		if (i && block->script->options->hist)
			break;
		if (error_in_reach(block, &value))
			buf_printf(out, "\t$arg%d = arg%d;\n", i, i);
		for (int j = i; j < next && !is_error(&value) && in_reach(block, &value); j++)
			buf_printf(out, "\t$arg%d = arg%d;\n", j, j);
	}
}

static void put_body(struct block *block)
{
	struct buf *out = block->script->out;

	if (*block->dollar)
		put_copies(block);
	if (block->start) {
		script_text(out, "\t$start = ");
		put_start(out, block);
		script_text(out, ";\n");
	}
	if (block->script->options->hist) {
		script_text(out, "\t@hits[probe] = count();\n");
	} else {
		put_beyond(block);
		put_branches(block, 0, 0, 1);
	}
	if (block->start)
		put_end(block);
	if (block->starts) {
		buf_u8(out, '\t');
		put_start(out, block);
		script_text(out, " = nsecs;\n");
	}
}

/* A comment instead of the block of a probe that bpftrace cannot have. */
static void put_skipped(struct buf *out, const struct list_probe *probe, const char *why)
{
	buf_printf(out, "\n// left out, as %s: ", why);
	script_comment(out, probe->provider);
	buf_u8(out, ':');
	script_comment(out, probe->name);
	if (probe->sites[0].args[0]) {
		buf_u8(out, ' ');
		script_comment(out, probe->sites[0].args);
	}
	buf_u8(out, '\n');
}

/* How many of the probe's sites have operands that no site before has. */
static size_t count_places(const struct list_probe *probe)
{
	size_t n = 0;

	for (size_t i = 0; i < probe->nsites; i++) {
		size_t j = 0;

		while (j < i && strcmp(probe->sites[i].args, probe->sites[j].args))
			j++;
		n += j == i;
	}
	return n;
}

void script_block(struct script *script, const struct list_probe *probe)
{
	struct block block = { .script = script, .probe = probe, .dollar = "" };
	const struct list_probe *other = script_partner(script, probe);
	const char *why = why_not(probe);

	if (why) {
		put_skipped(script->out, probe, why);
		return;
	}
	script->nprobes++;
	script->nplaces += count_places(probe);
	block.starts = other && ends_in(probe->name, "_start");
	block.start = block.starts ? NULL : other;
	find_branches(&block);
	block.dollar = block.nbranches && probe->meta ? "$" : "";
	buf_printf(script->out, "\nusdt:%s:%s:%s\n{\n", script->file, probe->provider,
		   probe->name);
	put_body(&block);
	script_text(script->out, "}\n");
}
