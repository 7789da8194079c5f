/* SPDX-License-Identifier: MIT */
/* Signatures and types of arguments from DWARF. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/dwarfsig.h"

#define MAX_DEPTH 24
#define MAX_FIELDS 4096

static const char *const int_names[] = { "int", "int8", "int16", "int32", "int64", "uint",
					 "uint8", "uint16", "uint32", "uint64", "uintptr" };

static struct gotype *convert(struct godwarf *dwarf, uint64_t off, int depth);

static bool is_int(int kind)
{
	return kind >= GODWARF_INT && kind <= GODWARF_UINTPTR;
}

/* GOTYPE_ARRAY for what is no single value: convert() goes on from there. */
static enum gotype_kind gotype_kind_of(int kind)
{
	if (is_int(kind))
		return GOTYPE_INT;
	switch (kind) {
	case GODWARF_BOOL: return GOTYPE_BOOL;
	case GODWARF_FLOAT32:
	case GODWARF_FLOAT64: return GOTYPE_FLOAT;
	case GODWARF_COMPLEX64:
	case GODWARF_COMPLEX128: return GOTYPE_COMPLEX;
	case GODWARF_STRING: return GOTYPE_STRING;
	case GODWARF_SLICE: return GOTYPE_SLICE;
	case GODWARF_INTERFACE: return GOTYPE_IFACE;
	case GODWARF_POINTER: return GOTYPE_PTR;
	case GODWARF_STRUCT: return GOTYPE_STRUCT;
	case GODWARF_ARRAY: return GOTYPE_ARRAY;
	default: return GOTYPE_WORD;
	}
}

static uint64_t align_of(const struct gotype *type)
{
	uint64_t align = 1;

	switch (type->kind) {
	case GOTYPE_BOOL:
	case GOTYPE_INT:
	case GOTYPE_FLOAT:
		return type->size ? type->size : 1;
	case GOTYPE_COMPLEX:
		return type->size / 2;
	case GOTYPE_ARRAY:
		return type->elem->align;
	case GOTYPE_STRUCT:
		for (size_t i = 0; i < type->nfields; i++)
			if (type->fields[i].type->align > align)
				align = type->fields[i].type->align;
		return align;
	default:
		return 8;
	}
}

/* False when a field's type is not to be had. */
static bool convert_fields(struct godwarf *dwarf, const struct godwarf_type *from, int depth,
			   struct gotype *type)
{
	size_t n;
	struct godwarf_member *members = godwarf_members(dwarf, from, &n);
	bool fine = n <= MAX_FIELDS;

	type->fields = mem_zalloc((n + 1) * sizeof(*type->fields));
	for (size_t i = 0; i < n && fine; i++) {
		struct gotype *inner = convert(dwarf, members[i].type, depth + 1);

		fine = inner;
		if (inner)
			type->fields[type->nfields++] = (struct gotype_field){
				mem_strdup(members[i].name), inner, false,
				members[i].offset
			};
	}
	free(members);
	return fine;
}

/* A pointer is called by what it points to, also where it has a name of its own. */
static void name_pointer(struct godwarf *dwarf, const struct godwarf_type *from,
			 struct gotype *type)
{
	struct godwarf_type elem;

	if (*from->name != '*' && godwarf_type(dwarf, from->elem, &elem)) {
		free(type->name);
		type->name = mem_printf("*%s", elem.name);
	}
	type->pointee = mem_strdup(type->name + (*type->name == '*'));
}

static struct gotype *convert(struct godwarf *dwarf, uint64_t off, int depth)
{
	struct godwarf_type from;
	struct gotype *type;
	bool fine = true;

	if (depth > MAX_DEPTH || !godwarf_type(dwarf, off, &from))
		return NULL;
	type = mem_zalloc(sizeof(*type));
	type->kind = gotype_kind_of(from.kind);
	type->is_signed = from.kind < GODWARF_UINT;
	type->size = from.size;
	type->name = mem_strdup(from.name);
	type->len = from.len;
	if (type->kind == GOTYPE_PTR)
		name_pointer(dwarf, &from, type);
	else if (type->kind == GOTYPE_STRUCT)
		fine = convert_fields(dwarf, &from, depth, type);
	else if (type->kind == GOTYPE_ARRAY)
		fine = (type->elem = convert(dwarf, from.elem, depth + 1));
	if (!fine) {
		gotype_free(type);
		return NULL;
	}
	type->align = align_of(type);
	return type;
}

static bool all_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* Whether a function literal, or a function that the compiler made, is called so. */
static bool is_literal(const char *name)
{
	static const char *const made[] = { "func", "gowrap", "deferwrap" };

	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		if (!strncmp(name, made[i], strlen(made[i])) &&
		    all_digits(name + strlen(made[i])))
			return true;
	return false;
}

bool dwarfsig_is_literal(const char *symbol)
{
	const char *dot = strrchr(symbol, '.');

	return dot && is_literal(dot + 1);
}

/*
 * Where the dictionary stands among the parameters; -1 when there is none. A method is a
 * function with its receiver in front: behind that from Go 1.20 on, before it until then
 * (cmd/compile/internal/noder, stencil.go and reader.go). A function literal finds it among
 * what it has captured.
 */
static int dictionary_at(const char *name, unsigned minor)
{
	const char *close = strrchr(name, ']'), *method;

	if (!close || !strstr(name, "go.shape."))
		return -1;
	if (!close[1])
		return 0;
	method = strchr(close, '.');
	if (!method || strpbrk(method + 1, ".-"))
		return -1;
	if (close[1] == '.' && is_literal(method + 1))
		return -1;
	return minor >= 20;
}

static void add_dictionary(struct gotype_func *func)
{
	struct gotype *type = mem_zalloc(sizeof(*type));

	type->kind = GOTYPE_WORD;
	type->size = type->align = 8;
	type->name = mem_strdup("unsafe.Pointer");
	gotype_func_add(func, (struct gotype_param){ mem_strdup(".dict"), type, false, false,
						     false });
}

/* ~r0 and the like are no names that a value could be given by. */
static char *result_name(const struct godwarf_param *params, size_t n, size_t i)
{
	size_t index = 0;
	bool err_taken = false;

	if (*params[i].name != '~' || !params[i].result)
		return mem_strdup(params[i].name);
	for (size_t j = 0; j < n; j++) {
		index += j < i && params[j].result;
		err_taken |= !strcmp(params[j].name, "err");
	}
	if (i + 1 == n && !err_taken && !strcmp(params[i].type, "error"))
		return mem_strdup("err");
	return mem_printf("r%zu", index);
}

static void add_captured(struct godwarf *dwarf, uint64_t off, struct gotype_func *func)
{
	size_t n;
	struct godwarf_member *all = godwarf_captured(dwarf, off, &n);

	func->captured = mem_zalloc((n + 1) * sizeof(*func->captured));
	for (size_t i = 0; i < n; i++) {
		struct gotype *type = convert(dwarf, all[i].type, 0);
		bool by_reference = all[i].name[0] == '&';

		if (!type)
			continue;
		func->captured[func->ncaptured++] = (struct gotype_captured){
			mem_strdup(all[i].name + by_reference), mem_strdup(type->name),
			all[i].offset, by_reference
		};
		gotype_free(type);
	}
	free(all);
}

struct gotype_func *dwarfsig(struct godwarf *dwarf, uint64_t off, const char *name,
			     unsigned minor, const struct godwarf_param *params, size_t n,
			     char **detail_ret)
{
	struct gotype_func *func = mem_zalloc(sizeof(*func));
	int dictionary = dictionary_at(name, minor);

	func->from_dwarf = true;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(params[i].name, ".dict"))
			dictionary = -1;
	for (size_t i = 0; i < n; i++) {
		struct gotype *type = convert(dwarf, params[i].type_off, 0);

		if (!type) {
			*detail_ret = mem_printf("the type of %s is not to be understood",
						 params[i].name);
			gotype_func_free(func);
			return NULL;
		}
		if ((int)i == dictionary)
			add_dictionary(func);
		gotype_func_add(func, (struct gotype_param){
			result_name(params, n, i), type, false, params[i].result, false });
	}
	if ((int)n <= dictionary)
		add_dictionary(func);
	add_captured(dwarf, off, func);
	return func;
}

/* How people call a type: without what marks type arguments, "go.shape.int_0". */
static char *plain_name(const char *name)
{
	static const char shape[] = "go.shape.";
	struct buf out = { 0 };

	while (*name) {
		if (strncmp(name, shape, strlen(shape))) {
			buf_u8(&out, (uint8_t)*name++);
			continue;
		}
		name += strlen(shape);
		while (*name && !strchr("_,]", *name))
			buf_u8(&out, (uint8_t)*name++);
		if (*name == '_')
			name += 1 + strspn(name + 1, "0123456789");
	}
	buf_u8(&out, 0);
	return (char *)out.data;
}

/* A name that the parser of Go types takes, else `otherwise`. */
static char *parsed_name(const char *name, const char *otherwise)
{
	struct gotype_env env = { 0 };
	char *plain = plain_name(name);
	struct golex in = { plain, plain };
	struct gotype *type = NULL;
	struct err *err = gotype_parse(&in, &env, &type);
	bool fine = !err && !*in.pos;

	err_free(err);
	gotype_free(type);
	if (fine)
		return plain;
	free(plain);
	return mem_strdup(otherwise);
}

static struct err *unreadable(const struct godwarf_type *type)
{
	if (type->kind == GODWARF_STRUCT)
		return err_new("%s is a struct; name one of its fields", type->name);
	if (type->kind == GODWARF_ARRAY)
		return err_new("%s is an array, which tracers cannot read", type->name);
	return err_new("%s is a floating-point number, which tracers cannot read", type->name);
}

static struct err *arg_of(struct godwarf *dwarf, const struct godwarf_type *type, char **arg_ret)
{
	struct godwarf_type elem;

	if (!strcmp(type->name, "time.Duration") || !strcmp(type->name, "error")) {
		*arg_ret = mem_strdup(type->name);
	} else if (is_int(type->kind)) {
		*arg_ret = mem_strdup(int_names[type->kind - GODWARF_INT]);
	} else if (type->kind == GODWARF_SLICE && godwarf_type(dwarf, type->elem, &elem)) {
		char *name = mem_printf("[]%s", elem.name);

		*arg_ret = elem.kind == GODWARF_UINT + 1 ? mem_strdup("[]byte")
							  : parsed_name(name, "[]any");
		free(name);
	} else if (type->kind == GODWARF_POINTER) {
		*arg_ret = parsed_name(type->name, "unsafe.Pointer");
	} else if (type->kind == GODWARF_BOOL) {
		*arg_ret = mem_strdup("bool");
	} else if (type->kind == GODWARF_STRING) {
		*arg_ret = mem_strdup("string");
	} else if (type->kind == GODWARF_INTERFACE) { /* what its first word points at differs */
		bool any = !godwarf_type(dwarf, type->elem, &elem) ||
			   !strcmp(elem.name, "runtime.eface");

		*arg_ret = mem_strdup(any ? "any" : "interface{...}");
	} else if (gotype_kind_of(type->kind) == GOTYPE_WORD) {
		*arg_ret = mem_strdup("unsafe.Pointer");
	} else {
		return unreadable(type);
	}
	return NULL;
}

struct err *dwarfsig_arg(struct fields *fields, const char *name, char **arg_ret)
{
	struct godwarf_type type;
	int words;

	if (fields->dwarf && godwarf_type_named(fields->dwarf, name, &type))
		return arg_of(fields->dwarf, &type, arg_ret);

	struct err *err = def_arg_words(name, &words);

	if (err) {
		err_free(err);
		return err_new("the type %s of this value is not known; say it under args", name);
	}
	*arg_ret = mem_strdup(name);
	return NULL;
}
