/* SPDX-License-Identifier: MIT */
/* Enumerations of definition files: Go's numbers by release, and ours. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/defread.h"

enum { OLDEST_MINOR = 18, NO_CODE = -1 };

void def_enum_free(struct def_enum *numbers)
{
	if (!numbers)
		return;
	for (size_t i = 0; i < numbers->nvalues; i++) {
		free(numbers->values[i].name);
		free(numbers->values[i].constant);
		free(numbers->values[i].raw);
	}
	free(numbers->values);
	free(numbers->name);
	free(numbers);
}

static bool read_number(const char **pos, unsigned long max, unsigned long *number_ret)
{
	char *end;

	if (!isdigit((unsigned char)**pos))
		return false;
	*number_ret = strtoul(*pos, &end, 10);
	*pos = end;
	return *number_ret <= max;
}

/* "1.26:19" or "1.26:-" at *pos, and the space behind it. */
static bool next_code(const char **pos, unsigned long *minor_ret, int *code_ret)
{
	unsigned long code;

	if (strncmp(*pos, "1.", 2))
		return false;
	*pos += 2;
	if (!read_number(pos, 999, minor_ret) || *(*pos)++ != ':')
		return false;
	if (**pos == '-') {
		++*pos;
		*code_ret = NO_CODE;
	} else if (read_number(pos, DEF_ENUM_CODES - 1, &code)) {
		*code_ret = (int)code;
	} else {
		return false;
	}
	if (!**pos)
		return true;
	return *(*pos)++ == ' ' && **pos;
}

static bool codes_valid(const char *raw, unsigned until)
{
	unsigned long last = OLDEST_MINOR - 1, minor;
	int code;

	for (; *raw; last = minor)
		if (!next_code(&raw, &minor, &code) || minor <= last || minor > until)
			return false;
	return last >= OLDEST_MINOR;
}

static int code_in(const char *raw, unsigned minor)
{
	unsigned long since;
	int now = NO_CODE, code;

	while (*raw && next_code(&raw, &since, &code) && since <= minor)
		now = code;
	return now;
}

bool def_enum_table(const struct def_enum *numbers, unsigned minor,
		    uint8_t table_ret[DEF_ENUM_CODES])
{
	if (minor < OLDEST_MINOR || minor > numbers->until)
		return false;
	memset(table_ret, 0, DEF_ENUM_CODES);
	for (size_t i = 1; i < numbers->nvalues; i++) {
		int code = code_in(numbers->values[i].raw, minor);

		if (code != NO_CODE)
			table_ret[code] = (uint8_t)numbers->values[i].value;
	}
	return true;
}

static struct err *read_value(struct ynode at, const struct def_enum *numbers,
			      struct def_enum_value *value)
{
	struct ynode node = at;
	char *number;

	TRY(def_check_keys(at, "a value", numbers->nvalues == 1 ? "!value !name"
								 : "!value !name !const !raw"));
	TRY(def_read_text(at, "name", &value->name));
	TRY(def_read_text(at, "const", &value->constant));
	TRY(def_read_text(at, "raw", &value->raw));
	TRY(def_read_text(at, "value", &number));

	const char *pos = number;
	unsigned long parsed;
	bool fine = read_number(&pos, DEF_ENUM_CODES - 1, &parsed) && !*pos &&
		    parsed == numbers->nvalues - 1;

	free(number);
	def_find(at, "value", &node);
	if (!fine)
		return yaml_error(node, "values are numbered 0, 1, 2 ..., at most 255: here %zu",
				  numbers->nvalues - 1);
	value->value = (unsigned)parsed;
	if (value->raw && !codes_valid(value->raw, numbers->until)) {
		def_find(at, "raw", &node);
		return yaml_error(node, "\"raw\" should be Go's number by release, such as "
					"\"1.18:14 1.26:19\" or \"1.20:7 1.22:-\", none behind "
					"\"until\"");
	}
	return NULL;
}

/* That names differ, and that no release has two constants of one number. */
static struct err *check_unlike(struct ynode at, const struct def_enum *numbers)
{
	const struct def_enum_value *last = &numbers->values[numbers->nvalues - 1];

	for (const struct def_enum_value *value = numbers->values; value < last; value++) {
		if (!strcmp(value->name, last->name) ||
		    (value->constant && !strcmp(value->constant, last->constant)))
			return yaml_error(at, "a second \"%s\"", last->name);
		for (unsigned minor = OLDEST_MINOR; value->raw && minor <= numbers->until;
		     minor++) {
			int code = code_in(last->raw, minor);

			if (code != NO_CODE && code == code_in(value->raw, minor))
				return yaml_error(at, "\"%s\" and \"%s\" are both %d in Go 1.%u",
						  value->name, last->name, code, minor);
		}
	}
	return NULL;
}

static struct err *read_values(struct ynode at, struct def_enum *numbers)
{
	struct ynode list = at;
	int count;

	TRY(def_read_list(at, "values", &list, &count));
	numbers->values = mem_zalloc((size_t)count * sizeof(*numbers->values));
	for (int i = 0; i < count; i++) {
		struct ynode item = yaml_item(list, i);

		numbers->nvalues++;
		TRY(read_value(item, numbers, &numbers->values[i]));
		TRY(check_unlike(item, numbers));
	}
	return NULL;
}

static struct err *read_enum(struct ynode at, const char *package, struct def_enum *numbers)
{
	char *name;

	TRY(def_check_keys(at, "an enum", "!name !until !values"));
	TRY(def_read_text(at, "name", &name));
	numbers->name = mem_printf("%s.%s", package, name);
	free(name);
	TRY(def_read_minor(at, "until", &numbers->until));
	return read_values(at, numbers);
}

struct err *def_read_enums(struct def_set *set, const char *package, struct ynode root)
{
	struct ynode list = root;
	int count;

	TRY(def_read_list(root, "enums", &list, &count));
	set->enums = mem_zalloc((size_t)count * sizeof(*set->enums));
	for (int i = 0; i < count; i++) {
		struct def_enum *numbers = mem_zalloc(sizeof(*numbers));

		set->enums[set->nenums++] = numbers;
		TRY(read_enum(yaml_item(list, i), package, numbers));
	}
	return NULL;
}

const struct def_enum *def_find_enum(const struct def_set *set, const char *package,
				     const char *name)
{
	size_t len = strlen(package);

	for (size_t i = 0; i < set->nenums; i++) {
		const char *full = set->enums[i]->name;

		if (!strncmp(full, package, len) && full[len] == '.' &&
		    !strcmp(full + len + 1, name))
			return set->enums[i];
	}
	return NULL;
}
