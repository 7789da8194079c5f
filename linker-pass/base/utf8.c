/* SPDX-License-Identifier: MIT */
/* Tells printable text from what would disturb a terminal or a line of JSON. */
#include <string.h>

#include "base/utf8.h"

size_t utf8_len(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 :
		     at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

size_t utf8_printable(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = utf8_len(text, left);

	if (at[0] < ' ' || at[0] == 0x7f || (len == 2 && at[0] == 0xc2 && at[1] < 0xa0))
		return 0;
	return len;
}

static size_t name_character(const char *text, size_t left)
{
	return *text == '"' || *text == '\\' ? 0 : utf8_printable(text, left);
}

bool utf8_is_name(const char *text, size_t len)
{
	for (size_t i = 0, step; i < len; i += step) {
		step = name_character(text + i, len - i);
		if (!step)
			return false;
	}
	return true;
}

void utf8_make_name(char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0, step; i < len; i += step) {
		step = name_character(text + i, len - i);
		if (!step)
			text[i] = '?';
		step += !step;
	}
}
