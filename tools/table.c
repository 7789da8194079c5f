/* SPDX-License-Identifier: MIT */
/* Rows for people and for pipes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "table.h"

struct table table_start(const char *const *headings, int ncolumns)
{
	return (struct table){ .headings = headings, .ncolumns = ncolumns };
}

/* Length of the UTF-8 sequence of a printable character at `text`, or 0. */
static size_t printable(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1 : *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : 2;

	if (len == 1)
		return *text >= 0x20 && *text != 0x7f;
	if (*text < 0xc2 || *text > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((*text == 0xc2 && text[1] < 0xa0) || (*text == 0xe0 && text[1] < 0xa0) ||
	    (*text == 0xed && text[1] > 0x9f) || (*text == 0xf0 && text[1] < 0x90) ||
	    (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

char *table_escape(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	struct buf out = { 0 };

	while (*at) {
		size_t len = printable(at);

		if (len)
			buf_put(&out, at, len);
		else
			buf_printf(&out, "\\x%02x", *at);
		at += len ? len : 1;
	}
	buf_u8(&out, 0);
	return (char *)out.data;
}

static void add_owned(struct table *table, char *cell)
{
	mem_grow(&table->cells, table->ncells, &table->cap, sizeof(*table->cells));
	table->cells[table->ncells++] = cell;
}

void table_add(struct table *table, const char *text)
{
	add_owned(table, table_escape(text));
}

void table_addf(struct table *table, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_owned(table, mem_vprintf(fmt, ap));
	va_end(ap);
}

static void print_row(const struct table *table, const char *const *row, const size_t *widths)
{
	for (int column = 0; column < table->ncolumns; column++) {
		if (column == table->ncolumns - 1)
			printf("%s\n", row[column]);
		else
			printf("%-*s  ", (int)widths[column], row[column]);
	}
}

static void print_aligned(const struct table *table)
{
	size_t widths[TABLE_MAX_COLUMNS] = { 0 };

	for (int column = 0; column < table->ncolumns; column++)
		widths[column] = strlen(table->headings[column]);
	for (size_t i = 0; i < table->ncells; i++) {
		size_t *width = &widths[i % (size_t)table->ncolumns];
		size_t len = strlen(table->cells[i]);

		*width = len > *width ? len : *width;
	}
	print_row(table, table->headings, widths);
	for (size_t i = 0; i < table->ncells; i += (size_t)table->ncolumns)
		print_row(table, (const char *const *)table->cells + i, widths);
}

static void print_tabs(const struct table *table)
{
	for (size_t i = 0; i < table->ncells; i++) {
		int column = (int)(i % (size_t)table->ncolumns);

		if (column)
			putchar(column == 1 ? ':' : '\t');
		fputs(table->cells[i], stdout);
		if (column == table->ncolumns - 1)
			putchar('\n');
	}
}

void table_print(struct table *table)
{
	if (isatty(STDOUT_FILENO))
		print_aligned(table);
	else
		print_tabs(table);
	for (size_t i = 0; i < table->ncells; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = table_start(table->headings, table->ncolumns);
}
