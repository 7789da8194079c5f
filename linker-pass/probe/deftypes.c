/* SPDX-License-Identifier: MIT */
/* The "types" of a definition file. */
#include <stdlib.h>

#include "base/mem.h"
#include "probe/defread.h"
#include "probe/gotype.h"

/* Types are kept under their full name. */
static struct err *read_type(const char *package, const char *file, struct ynode at,
			     struct def_type *type)
{
	struct gotype *parsed;

	TRY(def_check_keys(at, "a type", "!name !type since until"));
	TRY(def_read_range(at, &type->range));
	TRY(def_read_text(at, "name", &type->name));
	TRY(def_read_text(at, "type", &type->type));
	if (!gotype_package_len(type->name)) {
		char *full = mem_printf("%s.%s", package, type->name);

		free(type->name);
		type->name = full;
	}

	struct golex text = { type->type, type->type };
	struct err *err = gotype_parse(&text, NULL, &parsed);

	if (!err) {
		gotype_free(parsed);
		golex_space(&text);
		if (*text.pos)
			err = err_new("\"%.20s\" is too much", text.pos);
	}
	if (err) {
		struct def_place place;

		def_read_place(at, "type", &place);
		return err_prefix(err, "%s:%d:%d", file, place.line,
				  place.column + (int)(text.pos - text.text));
	}
	return NULL;
}

struct err *def_read_types(struct def_set *set, const char *package, const char *file,
			   struct ynode at)
{
	struct ynode list = at;
	int count;

	TRY(def_read_list(at, "types", &list, &count));
	set->types = mem_zalloc((size_t)count * sizeof(*set->types));
	for (int i = 0; i < count; i++)
		TRY(read_type(package, file, yaml_item(list, i),
			      &set->types[set->ntypes++]));
	return NULL;
}
