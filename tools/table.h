/* SPDX-License-Identifier: MIT */
/*
 * Rows for people and for pipes: aligned columns under a heading on a terminal, else
 * tab-separated without heading and with the two first columns joined by a colon.
 */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stddef.h>

#define TABLE_MAX_COLUMNS 8

struct table {
	const char *const *headings; /* borrowed */
	int ncolumns;
	char **cells; /* owned, row by row */
	size_t ncells, cap;
};

/* The headings, `ncolumns` of them, are borrowed. */
struct table table_start(const char *const *headings, int ncolumns);

/* Adds the next cell: a copy of `text` with everything unprintable escaped as \xNN. */
void table_add(struct table *table, const char *text);
void table_addf(struct table *table, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints to standard output and frees what the table holds. */
void table_print(struct table *table);

/*
 * A copy of `text` fit for a terminal and for JSON: control characters and bytes that are
 * no UTF-8 become \xNN. The caller owns it.
 */
char *table_escape(const char *text);

#endif
