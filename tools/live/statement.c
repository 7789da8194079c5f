/* SPDX-License-Identifier: MIT */
/* What an SQL statement does, and to which table. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "live/semconv.h"

struct words {
	const char *at, *end;
};

/* Steps over blanks and comments, which may hold anything. */
static void skip_blank(struct words *words)
{
	while (words->at < words->end) {
		size_t left = (size_t)(words->end - words->at);
		const char *stop;

		if (isspace((unsigned char)*words->at) || *words->at == '(') {
			words->at++;
		} else if (left > 1 && !memcmp(words->at, "--", 2)) {
			stop = memchr(words->at, '\n', left);
			words->at = stop ? stop + 1 : words->end;
		} else if (left > 1 && !memcmp(words->at, "/*", 2)) {
			stop = memmem(words->at, left, "*/", 2);
			words->at = stop ? stop + 2 : words->end;
		} else {
			return;
		}
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.$\"`[]", c)) ||
	       (unsigned char)c >= 0x80;
}

/* The next word, or one other byte; a quoted text counts as one byte. False at the end. */
static bool next_word(struct words *words, const char **word_ret, size_t *len_ret)
{
	skip_blank(words);
	if (words->at == words->end)
		return false;
	*word_ret = words->at;
	if (*words->at == '\'') {
		do
			words->at++;
		while (words->at < words->end && *words->at != '\'');
		words->at += words->at < words->end;
		*len_ret = 1;
		return true;
	}
	do
		words->at++;
	while (words->at < words->end && is_word(*words->at) && is_word(**word_ret));
	*len_ret = (size_t)(words->at - *word_ret);
	return true;
}

static bool is(const char *word, size_t len, const char *other)
{
	return strlen(other) == len && !strncasecmp(word, other, len);
}

/* The word as a name: letters, digits, dots and the like, without quotes. */
static void copy_name(const char *word, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++)
		if (!strchr("\"`[]", word[i]))
			out[n++] = word[i];
	out[n] = '\0';
}

/* Whether a table's name follows the word in such a statement. */
static bool names_table(const char *word, size_t len, const char *operation)
{
	if (is(word, len, "FROM"))
		return !strcmp(operation, "SELECT") || !strcmp(operation, "DELETE") ||
		       !strcmp(operation, "WITH");
	if (is(word, len, "INTO"))
		return !strcmp(operation, "INSERT") || !strcmp(operation, "REPLACE") ||
		       !strcmp(operation, "MERGE");
	return is(word, len, "TABLE") && (!strcmp(operation, "CREATE") ||
		!strcmp(operation, "ALTER") || !strcmp(operation, "DROP") ||
		!strcmp(operation, "TRUNCATE"));
}

/* What can stand between INTO and the like and the name. */
static bool is_filler(const char *word, size_t len)
{
	return is(word, len, "IF") || is(word, len, "NOT") || is(word, len, "EXISTS") ||
	       is(word, len, "ONLY") || is(word, len, "OR") || is(word, len, "IGNORE");
}

void semconv_statement(const char *text, size_t len, char *operation, char *collection,
		       size_t size)
{
	static const char *const known[] = {
		"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "CREATE", "ALTER",
		"DROP", "TRUNCATE", "WITH", "CALL", "EXEC", "EXECUTE", "BEGIN", "COMMIT",
		"ROLLBACK", "SET", "SHOW", "EXPLAIN", "ANALYZE", "VACUUM", "PRAGMA", "LOCK",
		"COPY", "GRANT", "REVOKE", "USE", "VALUES", "START", "SAVEPOINT", NULL,
	};
	struct words words = { text, text + len };
	const char *word;
	size_t n;
	bool table;

	*operation = *collection = '\0';
	if (!next_word(&words, &word, &n))
		return;
	for (int i = 0; known[i] && !*operation; i++)
		if (is(word, n, known[i]))
			copy_name(known[i], strlen(known[i]), operation, size);
	if (!*operation)
		return;
	for (table = is(word, n, "UPDATE"); !table && next_word(&words, &word, &n);)
		table = names_table(word, n, operation);
	do
		table = table && next_word(&words, &word, &n);
	while (table && is_filler(word, n));
	if (table && is_word(*word) && !is(word, n, "SELECT"))
		copy_name(word, n, collection, size);
}
