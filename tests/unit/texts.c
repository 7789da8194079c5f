/* SPDX-License-Identifier: MIT */
/* Texts of traced programs as lines and JSON: nothing is lost, nothing reaches the terminal raw. */
#include <stdio.h>
#include <string.h>

#include "tracer/value.h"

static int failures;

static void check(const char *text, const char *line, const char *json)
{
	struct value value = { .kind = VALUE_STRING, .text = text, .len = strlen(text),
			       .full_len = strlen(text) };
	struct buf out = { 0 };

	for (int i = 0; i < 2; i++) {
		const char *want = i ? json : line;

		out.len = 0;
		(i ? value_put_json : value_put_text)(&out, &value);
		if (out.len == strlen(want) && !memcmp(out.data, want, out.len))
			continue;
		fprintf(stderr, "got %.*s, want %s\n", (int)out.len, out.data, want);
		failures++;
	}
	buf_free(&out);
}

int main(void)
{
	check("plain", "plain", "\"plain\"");
	check("two words", "\"two words\"", "\"two words\"");
	check("", "\"\"", "\"\"");
	check("a\"\\\n\t", "\"a\\\"\\\\\\n\\t\"", "\"a\\\"\\\\\\n\\t\"");
	check("\x1b[2J", "\"\\x1b[2J\"", "\"\\u001b[2J\"");
	check("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", "\"gr\xc3\xbc\xc3\x9f\"");
	check("\xc3(", "\"\\xc3(\"", "\"\xef\xbf\xbd(\"");
	/* U+0085, which terminals take for a control character */
	check("a\xc2\x85z", "\"a\\xc2\\x85z\"", "\"a\xc2\x85z\"");
	return failures > 0;
}
