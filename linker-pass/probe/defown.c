/* SPDX-License-Identifier: MIT */
/* Names that definitions leave out, and functions relative to their package. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/defown.h"
#include "probe/gotype.h"

bool def_is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return islower((unsigned char)*name) && !name[len] && len <= 60;
}

bool def_is_provider(const char *name)
{
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

char *def_provider_of(const char *package)
{
	char *name = mem_strdup(package);

	for (char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p))
			*p = '_';
	}
	return name;
}

/* Whether a word begins at name[i]: at "S" of userStatus, at "S" of HTTPServer. */
static bool word_starts(const char *name, size_t i, size_t len)
{
	if (!i || !isupper((unsigned char)name[i]) || name[i - 1] == '_')
		return false;
	return !isupper((unsigned char)name[i - 1]) ||
	       (i + 1 < len && islower((unsigned char)name[i + 1]));
}

char *def_snake(const char *name, size_t len)
{
	struct buf out = { 0 };

	while (len && *name == '_') {
		name++;
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		if (word_starts(name, i, len))
			buf_u8(&out, '_');
		buf_u8(&out, name[i] == '-' ? '_'
					    : (uint8_t)tolower((unsigned char)name[i]));
	}
	buf_u8(&out, 0);
	return (char *)out.data;
}

/* The name behind the last dot of a path that ends before `end`. */
static char *last_field(const char *text, size_t len)
{
	const char *dot = memrchr(text, '.', len);
	const char *start = dot ? dot + 1 : text;

	while (start < text + len && *start == ' ')
		start++;
	return def_snake(start, strcspn(start, " .,)"));
}

/* The name that a value suggests, or NULL. */
static char *suggested(const char *value)
{
	static const struct {
		const char *call, *suffix;
	} calls[] = { { "len(", "_len" }, { "errtext(", "_text" } };
	const char *quote = strchr(value, '"');
	char *name, *joined;

	if (!isalpha((unsigned char)*value) && *value != '_')
		return NULL;
	if (!strcmp(value, "true") || !strcmp(value, "false"))
		return NULL;
	if (quote)
		return def_snake(quote + 1, strcspn(quote + 1, "\""));
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const char *inner = value + strlen(calls[i].call);

		if (strncmp(value, calls[i].call, strlen(calls[i].call)))
			continue;
		name = last_field(inner, strcspn(inner, ")"));
		joined = mem_printf("%s%s", name, calls[i].suffix);
		free(name);
		return joined;
	}
	return last_field(value, strlen(value));
}

void def_split_value(const char *text, const char **value_ret, char **name_ret)
{
	size_t len = strcspn(text, "=( \"");

	if (len && text[len] == '=') {
		*name_ret = mem_strndup(text, len);
		*value_ret = text + len + 1;
	} else {
		*value_ret = text;
		*name_ret = suggested(text);
	}
}

bool def_add_arg(struct def_probe *probe, char *name)
{
	bool taken = !probe->no_goid && !strcmp(name, "goid");

	for (size_t i = 0; i < probe->nargs; i++)
		taken |= !strcmp(probe->args[i].name, name);
	if (taken) {
		free(name);
		return false;
	}
	probe->args = mem_realloc(probe->args, (probe->nargs + 1) * sizeof(*probe->args));
	probe->args[probe->nargs++] = (struct def_arg){
		.name = name, .unit = mem_strdup(""), .doc = mem_strdup("")
	};
	return true;
}

char *def_escape_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf out = { 0 };

	for (const char *p = path; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || (c == '.' && p > (slash ? slash : path)) || c == '%' ||
		    c == '"' || c >= 0x7f)
			buf_printf(&out, "%%%02x", c);
		else
			buf_u8(&out, c);
	}
	buf_u8(&out, 0);
	return (char *)out.data;
}

/* Whether the text starts with the package and a dot. */
static bool has_package(const char *func, const char *package)
{
	size_t len = strlen(package);

	return !strncmp(func, package, len) && func[len] == '.';
}

char *def_symbol(const char *package, const char *func, bool whole)
{
	char *prefix = def_escape_path(package);
	const char *slash = memchr(func, '/', strcspn(func, "[("));
	char *symbol;

	whole &= *func != '(' && !isupper((unsigned char)*func) && gotype_package_len(func);
	if (whole || slash || has_package(func, prefix))
		symbol = mem_strdup(func);
	else
		symbol = mem_printf("%s.%s", prefix, func);
	free(prefix);
	return symbol;
}
