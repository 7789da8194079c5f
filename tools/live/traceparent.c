/* SPDX-License-Identifier: MIT */
/* W3C Trace Context: the traceparent header, and new ids. */
#include <string.h>
#include <sys/random.h>

#include "live/traceparent.h"

/* 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 */
enum { AT_TRACE = 3, AT_SPAN = 36, AT_FLAGS = 53, LENGTH = 55 };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* capitals are not allowed */
}

static bool read_hex(const char *text, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

bool traceparent_parse(const char *text, size_t len, struct traceparent *parent_ret)
{
	struct traceparent parent;
	uint8_t version, flags;

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len < LENGTH || text[2] != '-' || text[AT_SPAN - 1] != '-' ||
	    text[AT_FLAGS - 1] != '-')
		return false;
	if (!read_hex(text, &version, 1) || !read_hex(text + AT_FLAGS, &flags, 1) ||
	    !read_hex(text + AT_TRACE, parent.trace_id, TRACE_ID) ||
	    !read_hex(text + AT_SPAN, parent.span_id, SPAN_ID))
		return false;
	if (version == 0xff || (version == 0 && len != LENGTH) ||
	    (len > LENGTH && text[LENGTH] != '-'))
		return false;
	if (all_zero(parent.trace_id, TRACE_ID) || all_zero(parent.span_id, SPAN_ID))
		return false;
	parent.sampled = flags & 1;
	*parent_ret = parent;
	return true;
}

void id_next(struct id_source *source, uint8_t *id, size_t len)
{
	do {
		if (source->left < len) {
			ssize_t got = getrandom(source->pool, sizeof(source->pool), 0);

			source->left = got > 0 ? (size_t)got : 0;
			continue;
		}
		source->left -= len;
		memcpy(id, source->pool + source->left, len);
		if (!all_zero(id, len))
			return;
	} while (true);
}

void id_hex(const uint8_t *id, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[id[i] >> 4];
		*text++ = digits[id[i] & 15];
	}
	*text = '\0';
}
