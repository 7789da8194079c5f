/* SPDX-License-Identifier: MIT */
/* Translates the words of conditions. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/when.h"

enum { ALIAS_PROBES = 6 };

/* What the words stand for: the test of any of these probes (or spans) that the program has. */
static const struct alias {
	const char *words;
	const char *test;  /* NULL: ".duration" and what follows the words */
	const char *probes[ALIAS_PROBES];
} aliases[] = {
	{ "http latency", NULL, { "net_http:server_request" } },
	{ "http error", ".status >= 500", { "net_http:server_request" } },
	{ "client latency", NULL, { "net_http:client_request" } },
	{ "client error", ".err", { "net_http:client_request" } },
	{ "sql latency", NULL, { "database_sql:query", "database_sql:exec",
				 "database_sql:stmt_query", "database_sql:stmt_exec",
				 "database_sql:tx_commit" } },
	{ "sql wait", NULL, { "database_sql:conn_wait" } },
	{ "sql error", ".err", { "database_sql:query", "database_sql:exec",
				 "database_sql:stmt_query", "database_sql:stmt_exec",
				 "database_sql:tx_commit" } },
	{ "tls latency", NULL, { "crypto_tls:handshake" } },
	{ "tls error", ".err", { "crypto_tls:handshake" } },
	{ "dns latency", NULL, { "net:dns", "net:lookup_host", "net:lookup_record" } },
	{ "dns error", ".err", { "net:dns", "net:lookup_host", "net:lookup_record" } },
	{ "dial latency", NULL, { "net:dial" } },
	{ "dial error", ".err", { "net:dial" } },
	{ "gc pause", NULL, { "runtime:stw" } },
	{ "gc latency", NULL, { "runtime:gc" } },
	{ "lock wait", NULL, { "sync:mutex_wait", "sync:rwmutex_lock", "sync:rwmutex_read_wait" } },
	{ "log error", ".level >= 8", { "log_slog:log" } },
	{ "panic", ".goid >= 0", { "runtime:panic", "runtime:fatal" } },
	{ "error", NULL, { NULL } }, /* any of the errors above */
};

enum { NALIASES = sizeof(aliases) / sizeof(aliases[0]) };

const char *when_alias(int i)
{
	return i < NALIASES ? aliases[i].words : NULL;
}

bool when_has_probe(const struct target *target, const char *probe)
{
	const char *colon = strchr(probe, ':');
	size_t provider = colon ? (size_t)(colon - probe) : 0;

	for (size_t i = 0; i < target->nlistings; i++)
		for (size_t j = 0; j < target->listings[i]->nprobes; j++) {
			const struct list_probe *have = &target->listings[i]->probes[j];

			if (colon && strlen(have->provider) == provider &&
			    !strncmp(have->provider, probe, provider) &&
			    !strcmp(have->name, colon + 1))
				return true;
		}
	return false;
}

static void add_pattern(struct when *when, char *pattern)
{
	mem_grow(&when->patterns, when->npatterns, &when->cap, sizeof(*when->patterns));
	when->patterns[when->npatterns++] = pattern;
}

/* Selects a probe, or the span of this name; false when there is neither. */
static bool select_probe(struct when *when, const struct target *target, const char *name)
{
	char *start = mem_printf("%s_start", name);
	bool is_span = when_has_probe(target, start);

	if (is_span) {
		add_pattern(when, start);
		return true;
	}
	free(start);
	if (!when_has_probe(target, name))
		return false;
	add_pattern(when, mem_strdup(name));
	return true;
}

/* Whether text is the words, in any spacing; *rest_ret is what follows them. */
static bool has_words(const char *text, const char *words, const char **rest_ret)
{
	while (*words) {
		if (*words == ' ') {
			if (!isspace((unsigned char)*text))
				return false;
			while (isspace((unsigned char)*text))
				text++;
			words++;
			continue;
		}
		if (*text++ != *words++)
			return false;
	}
	if (isalnum((unsigned char)*text) || (*text && strchr("_:.*?", *text)))
		return false;
	while (isspace((unsigned char)*text))
		text++;
	*rest_ret = text;
	return true;
}

/* Appends "a.test || b.test" for those of the probes that there are; how many. */
static int put_tests(struct when *when, const struct target *target, const struct alias *alias,
		     const char *test, struct buf *out, int n)
{
	for (int i = 0; i < ALIAS_PROBES && alias->probes[i]; i++)
		if (select_probe(when, target, alias->probes[i]))
			buf_printf(out, "%s%s%s", n++ ? " || " : "", alias->probes[i], test);
	return n;
}

static int put_any_error(struct when *when, const struct target *target, struct buf *out)
{
	int n = 0;

	for (int i = 0; i < NALIASES; i++)
		if (aliases[i].test)
			n = put_tests(when, target, &aliases[i], aliases[i].test, out, n);
	return n;
}

static struct err *no_probe(const struct target *target, const struct alias *alias)
{
	return err_code(EXIT_NO_MATCH, "%s has no probe for '%s'%s%s; `probes list %s` shows "
			"what it has", target->name, alias->words,
			alias->probes[0] ? ", such as " : "",
			alias->probes[0] ? alias->probes[0] : "", target->name);
}

/* "> 500", which is neither 0 nor says of what. */
static bool lacks_unit(const char *rest)
{
	const char *number = rest + strspn(rest, "<>=! \t\n");

	return isdigit((unsigned char)rest[strlen(rest) - 1]) &&
	       number[strspn(number, "0.")] != '\0';
}

static struct err *put_alias(struct when *when, const struct target *target,
			     const struct alias *alias, const char *rest, struct buf *out)
{
	bool latency = !alias->test && alias->probes[0];
	char *test = latency ? mem_printf(".duration %s", rest) : NULL;
	int n;

	if (latency && (!*rest || !strchr("<>=!", *rest) || lacks_unit(rest))) {
		free(test);
		return err_code(EXIT_USAGE, "condition '%s%s%s': say how long, as in '%s > 500ms'",
				alias->words, *rest ? " " : "", rest, alias->words);
	}
	if (!latency && *rest)
		return err_code(EXIT_USAGE, "condition '%s %s': '%s' stands alone", alias->words,
				rest, alias->words);
	buf_printf(out, "(");
	if (alias->probes[0])
		n = put_tests(when, target, alias, latency ? test : alias->test, out, 0);
	else
		n = put_any_error(when, target, out);
	buf_printf(out, ")");
	free(test);
	return n ? NULL : no_probe(target, alias);
}

/* "net:read.duration > 1s" is about net:read, which is then recorded, too. */
static void select_named(struct when *when, const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789_*?";
	const char *colon = strchr(text, ':');

	for (; colon; colon = strchr(colon + 1, ':')) {
		const char *start = colon;
		size_t len = strspn(colon + 1, name);

		while (start > text && strchr(name, start[-1]))
			start--;
		if (start == colon || !len || colon[1 + len] != '.')
			continue;
		len += (size_t)(colon - start) + 1;
		add_pattern(when, mem_strndup(start, len));
		add_pattern(when, mem_printf("%.*s_start", (int)len, start));
	}
}

/* One term, between && and ||; parentheses and ! around it stay. */
static struct err *put_term(struct when *when, const struct target *target, const char *text,
			    size_t len, struct buf *out)
{
	size_t before = strspn(text, " \t\n(!"), after = len;
	const char *rest;

	before = before < len ? before : len;
	while (after > before && strchr(" \t\n)", text[after - 1]))
		after--;
	char *term = mem_strndup(text + before, after - before);
	struct err *err = NULL;
	int i = 0;

	buf_put(out, text, before);
	while (i < NALIASES && !has_words(term, aliases[i].words, &rest))
		i++;
	if (i < NALIASES)
		err = put_alias(when, target, &aliases[i], rest, out);
	else
		buf_put(out, term, after - before);
	buf_put(out, text + after, len - after);
	if (i == NALIASES)
		select_named(when, term);
	free(term);
	return err;
}

/* Bytes up to the next && or || outside of quotes, or to the end. */
static size_t term_len(const char *text)
{
	char quote = 0;
	size_t len = 0;

	for (; text[len]; len++) {
		char c = text[len];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if ((c == '&' || c == '|') && text[len + 1] == c)
			break;
	}
	return len;
}

struct err *when_read(const char *text, const struct target *target, struct when *when_ret)
{
	struct buf out = { 0 };
	struct err *err = NULL;

	*when_ret = (struct when){ 0 };
	while (!err) {
		size_t len = term_len(text);

		err = put_term(when_ret, target, text, len, &out);
		text += len;
		if (err || !*text)
			break;
		buf_put(&out, text, 2);
		text += 2;
	}
	buf_u8(&out, 0);
	when_ret->condition = (char *)out.data;
	return err;
}

void when_free(struct when *when)
{
	for (size_t i = 0; i < when->npatterns; i++)
		free((char *)when->patterns[i]);
	free(when->patterns);
	free(when->condition);
}
