/* SPDX-License-Identifier: MIT */
/* Values as people and as JSON read them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "tracer/value.h"

static void put_signed(struct buf *out, int64_t value)
{
	if (value < 0)
		buf_u8(out, '-');
	buf_number(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 0, ' ');
}

void value_put_duration(struct buf *out, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns < units[i].ns)
			continue;
		uint64_t whole = ns / units[i].ns;
		unsigned milli = (unsigned)(ns % units[i].ns * 1000 / units[i].ns);

		buf_number(out, whole, 0, ' ');
		buf_u8(out, '.');
		if (whole >= 100)
			buf_number(out, milli / 100, 1, '0');
		else if (whole >= 10)
			buf_number(out, milli / 10, 2, '0');
		else
			buf_number(out, milli, 3, '0');
		buf_text(out, units[i].name);
		return;
	}
	buf_number(out, ns, 0, ' ');
	buf_text(out, "ns");
}

void value_put_json_string(struct buf *out, const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;

	buf_u8(out, '"');
	for (size_t i = 0, step; i < len; i += step) {
		size_t run = 0;

		/* What needs no care goes in one piece. */
		while (i + run < len && at[i + run] >= ' ' && at[i + run] < 0x7f &&
		       at[i + run] != '"' && at[i + run] != '\\')
			run++;
		buf_put(out, at + i, run);
		i += run;
		if (i == len)
			break;
		step = utf8_len(text + i, len - i);
		if (at[i] == '"' || at[i] == '\\')
			buf_printf(out, "\\%c", at[i]);
		else if (at[i] == '\n')
			buf_put(out, "\\n", 2);
		else if (at[i] == '\t')
			buf_put(out, "\\t", 2);
		else if (at[i] < ' ' || at[i] == 0x7f)
			buf_printf(out, "\\u%04x", at[i]);
		else if (step)
			buf_put(out, at + i, step);
		else
			buf_put(out, "\xef\xbf\xbd", 3); /* U+FFFD */
		step += !step;
	}
	buf_u8(out, '"');
}

static bool is_quiet(char c)
{
	switch (c) {
	case '!': case '"': case '$': case '\'': case '\\': case '^': case '`':
		return false;
	default:
		return c > ' ' && c < 0x7f;
	}
}

/* Words need no quotes when they could not be taken for something else. */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_quiet(text[i]))
			return false;
	return len;
}

static void put_quoted(struct buf *out, const struct value *value)
{
	const unsigned char *text = (const unsigned char *)value->text;
	size_t step;

	if (is_plain(value->text, value->len)) {
		buf_put(out, text, value->len);
	} else {
		buf_u8(out, '"');
		for (size_t i = 0; i < value->len; i += step) {
			step = utf8_printable(value->text + i, value->len - i);
			if (text[i] == '"' || text[i] == '\\')
				buf_printf(out, "\\%c", text[i]);
			else if (text[i] == '\n' || text[i] == '\t')
				buf_put(out, text[i] == '\n' ? "\\n" : "\\t", 2);
			else if (!step)
				buf_printf(out, "\\x%02x", text[i]);
			else
				buf_put(out, text + i, step);
			step += !step;
		}
		buf_u8(out, '"');
	}
	if (value->full_len > value->len)
		buf_printf(out, "+%" PRIu64, value->full_len - value->len);
}

const char *value_ip(const struct value *value, char text_ret[VALUE_IP_SIZE])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *at = value->text;

	text_ret[0] = '\0';
	if (value->full_len == 16 && value->len == 16 && memcmp(at, mapped, 12))
		inet_ntop(AF_INET6, at, text_ret, VALUE_IP_SIZE);
	else if (value->full_len == value->len && (value->len == 4 || value->len == 16))
		inet_ntop(AF_INET, at + value->len - 4, text_ret, VALUE_IP_SIZE);
	return text_ret;
}

void value_put_text(struct buf *out, const struct value *value)
{
	char ip[VALUE_IP_SIZE];

	if (value->unread) {
		buf_put(out, "?", 1);
		return;
	}
	switch (value->kind) {
	case VALUE_INT:
		put_signed(out, value->i);
		break;
	case VALUE_UINT:
		buf_number(out, value->u, 0, ' ');
		break;
	case VALUE_BOOL:
		buf_printf(out, value->u ? "true" : "false");
		break;
	case VALUE_SLICE:
		if (value->data || value->u)
			buf_printf(out, "[%" PRIu64 "]", value->u);
		else
			buf_printf(out, "nil");
		break;
	case VALUE_IP:
		value_ip(value, ip);
		buf_printf(out, "%s", *ip ? ip : "nil");
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		put_quoted(out, value);
		break;
	case VALUE_DURATION:
		if (value->i < 0)
			buf_printf(out, "%" PRId64 "ns", value->i);
		else
			value_put_duration(out, value->u);
		break;
	case VALUE_ENUM:
		if (value->text)
			put_quoted(out, value);
		else
			buf_number(out, value->u, 0, ' ');
		break;
	case VALUE_ERROR:
		if (value->u && value->text) {
			put_quoted(out, value);
			break;
		} /* fall through */
	case VALUE_INTERFACE:
	case VALUE_CODE:
	case VALUE_ADDRESS:
		if (value->u && value->type_name)
			buf_printf(out, "%s", value->type_name);
		else if (value->u)
			buf_printf(out, "0x%" PRIx64, value->u);
		else
			buf_printf(out, "nil");
		break;
	}
}

static void put_interface(struct buf *out, const struct value *value)
{
	if (!value->u) {
		buf_printf(out, "null");
		return;
	}
	buf_printf(out, "{");
	if (value->type_name)
		buf_printf(out, "\"type\":\"%s\",", value->type_name);
	buf_printf(out, "\"type_word\":\"0x%" PRIx64 "\",\"data\":\"0x%" PRIx64 "\"}", value->u,
		   value->data);
}

void value_put_json(struct buf *out, const struct value *value)
{
	char ip[VALUE_IP_SIZE];

	if (value->unread) {
		buf_printf(out, "null");
		return;
	}
	switch (value->kind) {
	case VALUE_INT:
	case VALUE_DURATION:
		put_signed(out, value->i);
		break;
	case VALUE_UINT:
		buf_number(out, value->u, 0, ' ');
		break;
	case VALUE_SLICE:
		if (value->data || value->u)
			buf_number(out, value->u, 0, ' ');
		else
			buf_printf(out, "null");
		break;
	case VALUE_IP:
		value_ip(value, ip);
		if (*ip)
			buf_printf(out, "\"%s\"", ip);
		else
			buf_printf(out, "null");
		break;
	case VALUE_BOOL:
		buf_printf(out, value->u ? "true" : "false");
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		value_put_json_string(out, value->text, value->len);
		break;
	case VALUE_ENUM:
		if (value->text)
			value_put_json_string(out, value->text, value->len);
		else
			buf_number(out, value->u, 0, ' ');
		break;
	case VALUE_ERROR:
		if (value->u && value->text)
			value_put_json_string(out, value->text, value->len);
		else
			put_interface(out, value);
		break;
	case VALUE_INTERFACE:
		put_interface(out, value);
		break;
	case VALUE_CODE:
	case VALUE_ADDRESS: /* beyond 2^53 numbers lose digits in many readers */
		if (value->u)
			buf_printf(out, "\"0x%" PRIx64 "\"", value->u);
		else
			buf_printf(out, "null");
		break;
	}
}
