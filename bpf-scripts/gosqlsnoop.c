/* SPDX-License-Identifier: MIT */
/*
 * gosqlsnoop - Prints each SQL statement of a Go program, with its time and its error.
 *
 * USAGE: gosqlsnoop [-a] [-e] [-m MS] [-d SECONDS] FILE | -p PID
 *
 * A line comes when database/sql has the driver's answer; rows are then still to be read. A
 * prepared statement's time includes the wait for a connection, that of others does not. -a
 * adds prepare, begin, rollback and ping.
 *
 * PROBES: of database_sql any of query, exec, stmt_query, stmt_exec, tx_commit; with -a also
 * prepare, tx_begin, tx_rollback, ping: each _start and _end.
 *
 * EXAMPLE: gosqlsnoop -m 10 -p 4711       statements of 10 ms and more, of one process
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gosqlsnoop.h"
#include "bpf-scripts/gosqlsnoop.skel.h"

#define PAIR(NAME, OPERATION, FLAG)                                                          \
	{ "statement_start", "database_sql", NAME "_start", ANY, OPERATION, FLAG },          \
	{ "statement_end", "database_sql", NAME "_end", ANY, OPERATION, FLAG }

static const struct front_probe probes[] = {
	PAIR("query", QUERY, 0),
	PAIR("exec", EXEC, 0),
	PAIR("stmt_query", STMT_QUERY, 0),
	PAIR("stmt_exec", STMT_EXEC, 0),
	PAIR("tx_commit", COMMIT, 0),
	PAIR("prepare", PREPARE, FLAG_ALL),
	PAIR("tx_begin", BEGIN, FLAG_ALL),
	PAIR("tx_rollback", ROLLBACK, FLAG_ALL),
	PAIR("ping", PING, FLAG_ALL),
	{ 0 },
};

static const struct front_option options[] = {
	{ 'a', OPTION_FLAG, NULL, "also prepare, begin, rollback and ping", FLAG_ALL },
	{ 'e', OPTION_FLAG, NULL, "failures only", FLAG_ERRORS },
	{ 'm', OPTION_MIN_MS, "MS", "what took at least so long", 0 },
	{ 0 },
};

static const char *const names[] = {
	[QUERY] = "query", [EXEC] = "exec", [STMT_QUERY] = "stmt-query",
	[STMT_EXEC] = "stmt-exec", [PREPARE] = "prepare", [BEGIN] = "begin",
	[COMMIT] = "commit", [ROLLBACK] = "rollback", [PING] = "ping",
};

static void print(struct run *run, const void *data)
{
	const struct statement *s = data;

	print_head(run, &s->head);
	printf("%10.3f %-10s ", (double)s->duration / 1e6, names[s->head.kind]);
	if (s->query.len)
		PRINT_TEXT(s->query);
	else
		putchar('-');
	if (s->nargs)
		printf(" [%llu values]", (unsigned long long)s->nargs);
	if (s->failed)
		PRINT_ERROR(s->error);
	putchar('\n');
}

static const struct front front = {
	.name = "gosqlsnoop",
	.purpose = "prints each SQL statement of a Go program, with its time and its error",
	.watching = "SQL statements",
	.elf = gosqlsnoop__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS "        MS OPERATION  STATEMENT",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
