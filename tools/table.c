/* SPDX-License-Identifier: MIT */
/* Rows for people and for pipes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "table.h"

struct table table_start(const char *const *headings, int ncolumns)
{
	return (struct table){ .headings = headings, .ncolumns = ncolumns };
}

char *table_escape(const char *text)
{
	struct buf out = { 0 };

	while (*text) {
		size_t len = utf8_printable(text, 4);

		if (len)
			buf_put(&out, text, len);
		else
			buf_printf(&out, "\\x%02x", (unsigned char)*text);
		text += len ? len : 1;
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
