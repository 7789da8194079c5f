/* SPDX-License-Identifier: MIT */
/* Reader of the embedded layout data. */
#include <ctype.h>
#include <string.h>

#include "probe/embed.h"
#include "probe/layout.h"

#define LAYOUT_FILE "stdlib-probes/layouts/amd64.txt"

static const char *layout_text(void)
{
	for (const struct embed_file *file = embed_files; file->name; file++) {
		if (!strcmp(file->name, LAYOUT_FILE))
			return file->text;
	}
	return "";
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static bool read_number(const char **pos, uint64_t *value_ret)
{
	uint64_t value = 0;
	const char *p = *pos;

	while (isdigit((unsigned char)*p))
		value = value * 10 + (uint64_t)(*p++ - '0');
	if (p == *pos)
		return false;
	*pos = p;
	*value_ret = value;
	return true;
}

/* Moves *pos behind the next "1.<minor>" of the line. */
static bool next_minor(const char **pos, uint64_t *minor_ret)
{
	while (**pos == ' ')
		++*pos;
	if (strncmp(*pos, "1.", 2))
		return false;
	*pos += 2;
	return read_number(pos, minor_ret);
}

static void skip_word(const char **pos)
{
	while (**pos && **pos != ' ' && **pos != '\n')
		++*pos;
}

static const char *measured(void)
{
	for (const char *line = layout_text(); *line; line = next_line(line)) {
		if (!strncmp(line, "go ", 3))
			return line + 3;
	}
	return "";
}

bool layout_covers(unsigned minor)
{
	uint64_t found;

	for (const char *pos = measured(); next_minor(&pos, &found); skip_word(&pos)) {
		if (found == minor)
			return true;
	}
	return false;
}

unsigned layout_newest(void)
{
	uint64_t found;
	unsigned newest = 0;

	for (const char *pos = measured(); next_minor(&pos, &found); skip_word(&pos)) {
		if (found > newest)
			newest = (unsigned)found;
	}
	return newest;
}

/* The entries of a line, oldest first: takes the last one that holds for `minor`. */
static bool read_entries(const char *pos, unsigned minor, struct layout_field *field_ret)
{
	uint64_t since, offset;
	bool there = false;

	while (next_minor(&pos, &since) && since <= minor && *pos == ':') {
		pos++;
		there = read_number(&pos, &offset) && *pos == ':';
		if (there) {
			field_ret->offset = offset;
			field_ret->type = ++pos;
			skip_word(&pos);
			field_ret->type_len = (size_t)(pos - field_ret->type);
		} else {
			skip_word(&pos);
		}
	}
	return there;
}

bool layout_field(unsigned minor, const char *type, const char *field,
		  struct layout_field *field_ret)
{
	size_t type_len = strlen(type), field_len = strlen(field);
	struct layout_field found;

	if (!layout_covers(minor))
		return false;
	for (const char *line = layout_text(); *line; line = next_line(line)) {
		if (strncmp(line, type, type_len) || line[type_len] != '.' ||
		    strncmp(line + type_len + 1, field, field_len) ||
		    line[type_len + 1 + field_len] != ' ')
			continue;
		if (!read_entries(line + type_len + 1 + field_len, minor, &found))
			return false;
		*field_ret = found;
		return true;
	}
	return false;
}
