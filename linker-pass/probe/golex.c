/* SPDX-License-Identifier: MIT */
/* Lexical steps of the parsers of Go types, signatures and values. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "probe/golex.h"

bool golex_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

void golex_space(struct golex *in)
{
	while (*in->pos == ' ' || *in->pos == '\t')
		in->pos++;
}

bool golex_accept(struct golex *in, const char *token)
{
	size_t len = strlen(token);

	golex_space(in);
	if (strncmp(in->pos, token, len))
		return false;
	in->pos += len;
	return true;
}

bool golex_accept_word(struct golex *in, const char *word)
{
	const char *start = in->pos;

	if (golex_accept(in, word) && !golex_name_char(*in->pos) && *in->pos != '.' &&
	    *in->pos != '/')
		return true;
	in->pos = start;
	return false;
}

struct err *golex_expect(struct golex *in, const char *token)
{
	if (golex_accept(in, token))
		return NULL;
	if (!*in->pos)
		return err_new("\"%s\" ends where \"%s\" should follow", in->text, token);
	return err_new("\"%s\" should stand before \"%.20s\"", token, in->pos);
}

char *golex_name(struct golex *in)
{
	golex_space(in);

	const char *start = in->pos;

	if (isdigit((unsigned char)*start))
		return NULL;
	while (golex_name_char(*in->pos))
		in->pos++;
	return in->pos == start ? NULL : mem_strndup(start, (size_t)(in->pos - start));
}

struct err *golex_skip_brackets(struct golex *in)
{
	int depth = 0;

	for (const char *p = in->pos; *p; p++) {
		if (strchr("([{", *p))
			depth++;
		else if (strchr(")]}", *p))
			depth--;
		if (depth == 0) {
			in->pos = p + 1;
			return NULL;
		}
	}
	return err_new("\"%.20s\" has no closing bracket", in->pos);
}
