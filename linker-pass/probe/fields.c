/* SPDX-License-Identifier: MIT */
/* Struct fields from DWARF, layout data or declared types. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/itab.h"
#include "probe/fields.h"
#include "probe/gotype.h"
#include "probe/layout.h"

/* A type by its name, when builtins and `types:` suffice for it. */
static struct gotype *declared(const struct fields *fields, const char *type)
{
	struct gotype_env env = { fields->defs, fields->gobin->minor, NULL };
	struct golex in = { type, type };
	struct gotype *parsed;
	struct err *err = gotype_parse(&in, &env, &parsed);

	if (err) {
		err_free(err);
		return NULL;
	}
	return parsed;
}

static bool from_dwarf(struct fields *fields, const char *type, const char *name,
		       struct field *field_ret)
{
	struct godwarf_field found;

	if (!fields->dwarf || !godwarf_field(fields->dwarf, type, name, &found))
		return false;
	fields->used_dwarf = true;
	field_ret->offset = found.offset;
	field_ret->type = mem_strdup(found.type ? found.type : "");
	return true;
}

static bool from_layout(const struct fields *fields, const char *type, const char *name,
			struct field *field_ret)
{
	struct layout_field found;

	if (fields->seen)
		return false; /* measured, not remembered */
	/* A development snapshot may lie anywhere between two releases. */
	if (strstr(fields->gobin->version, "devel"))
		return false;
	if (!layout_field(fields->gobin->minor, type, name, &found))
		return false;
	field_ret->offset = found.offset;
	field_ret->type = mem_strndup(found.type, found.type_len);
	return true;
}

static bool from_types(const struct fields *fields, const char *type, const char *name,
		       struct field *field_ret)
{
	struct gotype *parsed = declared(fields, type);
	bool found = false;

	for (size_t i = 0; parsed && i < parsed->nfields && !found; i++) {
		if (strcmp(parsed->fields[i].name, name))
			continue;
		found = true;
		field_ret->offset = parsed->fields[i].offset;
		field_ret->type = mem_strdup(parsed->fields[i].type->name);
	}
	gotype_free(parsed);
	return found;
}

static char *why_not(const struct fields *fields, const char *type, const char *name)
{
	unsigned minor = fields->gobin->minor;

	if (strstr(fields->gobin->version, "devel"))
		return mem_printf("no layout data for the development version \"%s\", and the "
				  "binary has no DWARF; build without -w", fields->gobin->version);
	if (!layout_covers(minor))
		return mem_printf("no layout data for Go 1.%u in this version of probes, and "
				  "the binary has no DWARF; build without -w, or update probes",
				  minor);
	return mem_printf("no layout data for %s.%s in Go 1.%u, and the binary has no DWARF; "
			  "build without -w", type, name, minor);
}

enum refusal fields_find(struct fields *fields, const char *type, const char *name,
			 struct field *field_ret, char **detail_ret)
{
	uint64_t size;

	if (from_dwarf(fields, type, name, field_ret) ||
	    from_layout(fields, type, name, field_ret) ||
	    from_types(fields, type, name, field_ret)) {
		if (fields->seen)
			fields->seen(fields->seen_arg, type, name, field_ret->offset,
				     field_ret->type);
		return REFUSED_NONE;
	}
	if (fields->dwarf && godwarf_type_size(fields->dwarf, type, &size)) {
		*detail_ret = mem_printf("%s has no field %s in this binary", type, name);
		return REFUSED_DWARF_MISMATCH;
	}
	if (fields->dwarf)
		*detail_ret = mem_printf("neither the binary's DWARF nor the layout data for Go "
					 "1.%u have %s.%s", fields->gobin->minor, type, name);
	else
		*detail_ret = why_not(fields, type, name);
	return REFUSED_LAYOUT;
}

bool fields_type_size(struct fields *fields, const char *type, uint64_t *size_ret)
{
	struct gotype *parsed = declared(fields, type);

	if (parsed) {
		*size_ret = parsed->size;
		gotype_free(parsed);
		return true;
	}
	return fields->dwarf && godwarf_type_size(fields->dwarf, type, size_ret);
}

/* Whether a struct of this release starts with a string of this name. */
static bool starts_with(struct fields *fields, const char *type, const char *name)
{
	struct field field;
	char *detail = NULL;
	bool fine;

	if (fields_find(fields, type, name, &field, &detail) != REFUSED_NONE) {
		free(detail);
		return false;
	}
	fine = !field.offset && !strcmp(field.type, "string");
	free(field.type);
	return fine;
}

static void find_error_itabs(struct fields *fields)
{
	static const struct {
		const char *type, *text, *method;
	} errors[] = {
		{ "errors.errorString", "s", "errors.(*errorString).Error" },
		{ "fmt.wrapError", "msg", "fmt.(*wrapError).Error" },
		{ "fmt.wrapErrors", "msg", "fmt.(*wrapErrors).Error" },
	};
	uint64_t methods[sizeof(errors) / sizeof(*errors)];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		const struct gofunc *func = gobin_func(fields->gobin, errors[i].method);

		if (func && starts_with(fields, errors[i].type, errors[i].text))
			methods[n++] = func->entry;
	}
	fields->nitabs = itab_find(fields->gobin, methods, n, fields->itabs, BOUND_MAX_ITABS);
	fields->itabs_known = true;
}

const uint64_t *fields_error_itabs(struct fields *fields, size_t *n_ret)
{
	if (!fields->itabs_known)
		find_error_itabs(fields);
	*n_ret = fields->nitabs;
	return fields->itabs;
}
