/* SPDX-License-Identifier: MIT */
/* Parser for Go types and signatures. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/gotype.h"

#define MAX_DEPTH 24
#define MAX_ARRAY (1u << 20)

struct parser {
	struct golex *in;
	const struct gotype_env *env; /* NULL = only the syntax matters */
	int depth;
};

static const struct builtin {
	const char *name;
	enum gotype_kind kind;
	uint8_t size, align;
	bool is_signed;
} builtins[] = {
	{ "bool", GOTYPE_BOOL, 1, 1, false },
	{ "int", GOTYPE_INT, 8, 8, true },
	{ "int8", GOTYPE_INT, 1, 1, true },
	{ "int16", GOTYPE_INT, 2, 2, true },
	{ "int32", GOTYPE_INT, 4, 4, true },
	{ "int64", GOTYPE_INT, 8, 8, true },
	{ "rune", GOTYPE_INT, 4, 4, true },
	{ "uint", GOTYPE_INT, 8, 8, false },
	{ "uint8", GOTYPE_INT, 1, 1, false },
	{ "uint16", GOTYPE_INT, 2, 2, false },
	{ "uint32", GOTYPE_INT, 4, 4, false },
	{ "uint64", GOTYPE_INT, 8, 8, false },
	{ "byte", GOTYPE_INT, 1, 1, false },
	{ "uintptr", GOTYPE_INT, 8, 8, false },
	{ "float32", GOTYPE_FLOAT, 4, 4, false },
	{ "float64", GOTYPE_FLOAT, 8, 8, false },
	{ "complex64", GOTYPE_COMPLEX, 8, 4, false },
	{ "complex128", GOTYPE_COMPLEX, 16, 8, false },
	{ "string", GOTYPE_STRING, 16, 8, false },
	{ "error", GOTYPE_IFACE, 16, 8, false },
	{ "any", GOTYPE_IFACE, 16, 8, false },
	{ "unsafe.Pointer", GOTYPE_WORD, 8, 8, false },
	{ "time.Duration", GOTYPE_INT, 8, 8, true },
};

static struct err *parse_type(struct parser *in, struct gotype **type_ret);

size_t gotype_package_len(const char *symbol)
{
	const char *bracket = strchr(symbol, '[');
	size_t len = bracket ? (size_t)(bracket - symbol) : strlen(symbol);
	const char *slash = memrchr(symbol, '/', len);
	const char *dot = strchr(slash ? slash : symbol, '.');

	return dot && dot < symbol + len ? (size_t)(dot - symbol) : 0;
}

static struct gotype *type_new(enum gotype_kind kind, uint64_t size, uint64_t align)
{
	struct gotype *type = mem_zalloc(sizeof(*type));

	type->kind = kind;
	type->size = size;
	type->align = align;
	return type;
}

static const struct builtin *find_builtin(const char *name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++) {
		if (!strcmp(builtins[i].name, name))
			return &builtins[i];
	}
	return NULL;
}

static const struct def_type *find_type(const struct gotype_env *env, const char *name)
{
	for (size_t i = env->defs ? env->defs->ntypes : 0; i-- > 0;) {
		const struct def_type *type = &env->defs->types[i];

		if (!strcmp(type->name, name) && def_range_has(type->range, env->minor))
			return type;
	}
	return NULL;
}

/* A name with its import path; a bare one that is no builtin gets the environment's. */
static struct err *parse_qualified(struct parser *p, char **name_ret)
{
	struct golex *in = p->in;

	golex_space(in);

	const char *start = in->pos;

	while (golex_name_char(*in->pos) || (*in->pos && strchr("/.-%~+", *in->pos)))
		in->pos++;
	if (in->pos == start)
		return *start ? err_new("\"%.20s\" is no Go type", start)
			      : err_new("\"%s\" ends where a type should follow", in->text);
	if (*in->pos == '[')
		TRY(golex_skip_brackets(in)); /* type arguments */

	char *name = mem_strndup(start, (size_t)(in->pos - start));

	if (!find_builtin(name) && !gotype_package_len(name) && p->env && p->env->package) {
		char *full = mem_printf("%s.%s", p->env->package, name);

		free(name);
		name = full;
	}
	*name_ret = name;
	return NULL;
}

/* The type behind a name that `types:` of a definition file gives. */
static struct err *resolve_declared(struct parser *p, const char *name,
				    struct gotype **type_ret)
{
	const struct def_type *def = find_type(p->env, name);

	if (!def)
		return err_new("what is %s in Go 1.%u? Say it under \"types:\"", name,
			       p->env->minor);

	char *package = mem_strndup(name, gotype_package_len(name));
	struct gotype_env env = { p->env->defs, p->env->minor, package };
	struct golex text = { def->type, def->type };
	struct parser inner = { &text, &env, p->depth };
	struct err *err = parse_type(&inner, type_ret);

	free(package);
	if (err)
		return err_prefix(err, "type %s", name);
	free((*type_ret)->name);
	(*type_ret)->name = NULL;
	return NULL;
}

static struct err *parse_named(struct parser *p, struct gotype **type_ret)
{
	const char *start = p->in->pos;
	const struct builtin *builtin;
	struct err *err = NULL;
	char *name;

	TRY(parse_qualified(p, &name));
	builtin = find_builtin(name);
	if (builtin) {
		*type_ret = type_new(builtin->kind, builtin->size, builtin->align);
		(*type_ret)->is_signed = builtin->is_signed;
	} else if (!p->env) {
		*type_ret = type_new(GOTYPE_WORD, 8, 8);
	} else {
		err = resolve_declared(p, name, type_ret);
	}
	if (err) {
		p->in->pos = start;
		free(name);
		return err;
	}
	(*type_ret)->name = name;
	return NULL;
}

/* Parses a type whose shape and size do not matter. */
static struct err *skip_type(struct parser *p)
{
	struct parser syntax = { p->in, NULL, p->depth };
	struct gotype *type;

	TRY(parse_type(&syntax, &type));
	gotype_free(type);
	return NULL;
}

static bool composite_next(struct golex *in)
{
	static const char *const words[] = { "struct", "func", "interface", "chan", "map" };
	const char *start = in->pos;

	golex_space(in);
	if (strchr("[<(", *in->pos))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (golex_accept_word(in, words[i])) {
			in->pos = start;
			return true;
		}
	}
	return false;
}

/* Behind "*": the pointee may be unknown, so a name is only qualified. */
static struct err *parse_pointer(struct parser *p, struct gotype **type_ret)
{
	struct golex *in = p->in;
	struct gotype *inner = NULL;
	char *pointee = NULL;

	golex_space(in);

	const char *start = in->pos;

	if (*start == '*') {
		TRY(parse_type(p, &inner));
		pointee = mem_strdup(inner->name);
		gotype_free(inner);
	} else if (composite_next(in)) {
		TRY(skip_type(p));
		pointee = mem_strndup(start, (size_t)(in->pos - start));
	} else {
		TRY(parse_qualified(p, &pointee));
	}
	*type_ret = type_new(GOTYPE_PTR, 8, 8);
	(*type_ret)->pointee = pointee;
	(*type_ret)->name = mem_printf("*%s", pointee);
	return NULL;
}

/* Behind "[": "]T" or "N]T". */
static struct err *parse_list(struct parser *p, struct gotype **type_ret)
{
	struct golex *in = p->in;
	struct gotype *elem;
	char *end;

	if (golex_accept(in, "]")) {
		TRY(skip_type(p));
		*type_ret = type_new(GOTYPE_SLICE, 24, 8);
		return NULL;
	}
	golex_space(in);
	if (!isdigit((unsigned char)*in->pos))
		return err_new("an array length should stand before \"%.20s\"", in->pos);

	uint64_t len = strtoull(in->pos, &end, 10);

	if (len > MAX_ARRAY)
		return err_new("an array of more than %u elements", MAX_ARRAY);
	in->pos = end;
	TRY(golex_expect(in, "]"));
	TRY(parse_type(p, &elem));
	if (elem->size > MAX_ARRAY) {
		gotype_free(elem);
		return err_new("an array of elements larger than %u bytes", MAX_ARRAY);
	}
	*type_ret = type_new(GOTYPE_ARRAY, elem->size * len, elem->align);
	(*type_ret)->elem = elem;
	(*type_ret)->len = len;
	return NULL;
}

/* Behind "func": parameters and results of a value of function type. */
static struct err *parse_func_value(struct parser *p, struct gotype **type_ret)
{
	struct golex *in = p->in;

	golex_space(in);
	if (*in->pos != '(')
		return err_new("\"(\" should follow \"func\"");
	TRY(golex_skip_brackets(in));
	golex_space(in);
	if (*in->pos == '(')
		TRY(golex_skip_brackets(in));
	else if (*in->pos && !strchr(",;)}]", *in->pos))
		TRY(skip_type(p));
	*type_ret = type_new(GOTYPE_WORD, 8, 8);
	return NULL;
}

void gotype_names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

struct err *gotype_parse_names(struct golex *in, char ***names_ret, size_t *n_ret)
{
	const char *start = in->pos;
	char **names = NULL;
	size_t n = 0, cap = 0;

	do {
		char *name = golex_name(in);

		if (!name && n) {
			gotype_names_free(names, n);
			return err_new("a name should stand before \"%.20s\"", in->pos);
		}
		if (!name)
			break;
		mem_grow(&names, n, &cap, sizeof(*names));
		names[n++] = name;
	} while (golex_accept(in, ","));
	golex_space(in);
	if (n == 1 && strchr("./;})", *in->pos) && strncmp(in->pos, "...", 3)) {
		free(names[--n]); /* an embedded type, or the end of the text */
		in->pos = start;
	}
	*names_ret = names;
	*n_ret = n;
	return NULL;
}

static char *embedded_name(const struct gotype *type)
{
	const char *full = type->kind == GOTYPE_PTR ? type->pointee : type->name;
	size_t package = gotype_package_len(full);

	return mem_strdup(package ? full + package + 1 : full);
}

static struct err *parse_field_group(struct parser *p, struct gotype *owner)
{
	char **names;
	size_t n;
	struct gotype *type;

	TRY(gotype_parse_names(p->in, &names, &n));

	struct err *err = parse_type(p, &type);

	if (err) {
		gotype_names_free(names, n);
		return err;
	}
	if (!n) {
		names = mem_realloc(names, sizeof(*names));
		names[n++] = embedded_name(type);
	}
	owner->fields = mem_realloc(owner->fields,
				    (owner->nfields + n) * sizeof(*owner->fields));
	for (size_t i = 0; i < n; i++) {
		owner->fields[owner->nfields++] =
			(struct gotype_field){ names[i], type, i > 0, 0 };
	}
	free(names);
	return NULL;
}

static void lay_out(struct gotype *type)
{
	uint64_t end = 0;

	for (size_t i = 0; i < type->nfields; i++) {
		struct gotype_field *field = &type->fields[i];

		end = (end + field->type->align - 1) & ~(field->type->align - 1);
		field->offset = end;
		end += field->type->size;
		if (field->type->align > type->align)
			type->align = field->type->align;
	}
	/* Go pads behind a last field of size 0, lest a pointer to it leave the struct. */
	if (end && !type->fields[type->nfields - 1].type->size)
		end++;
	type->size = (end + type->align - 1) & ~(type->align - 1);
}

/* Behind "struct". */
static struct err *parse_struct(struct parser *p, struct gotype **type_ret)
{
	struct gotype *type = type_new(GOTYPE_STRUCT, 0, 1);
	struct err *err = golex_expect(p->in, "{");

	while (!err && !golex_accept(p->in, "}")) {
		err = parse_field_group(p, type);
		if (!err && !golex_accept(p->in, ";")) {
			err = golex_expect(p->in, "}");
			break;
		}
	}
	if (err) {
		gotype_free(type);
		return err;
	}
	lay_out(type);
	*type_ret = type;
	return NULL;
}

static struct err *parse_interface(struct parser *p, struct gotype **type_ret)
{
	golex_space(p->in);
	if (*p->in->pos != '{')
		return err_new("\"{\" should follow \"interface\"");
	TRY(golex_skip_brackets(p->in));
	*type_ret = type_new(GOTYPE_IFACE, 16, 8);
	return NULL;
}

/* map and chan; *type_ret stays NULL when neither stands here. */
static struct err *parse_reference(struct parser *p, struct gotype **type_ret)
{
	struct golex *in = p->in;

	*type_ret = NULL;
	if (golex_accept(in, "map[")) {
		in->pos--;
		TRY(golex_skip_brackets(in));
	} else if (!golex_accept(in, "<-chan ") && !golex_accept(in, "chan<- ") &&
		   !golex_accept_word(in, "chan")) {
		return NULL;
	}
	TRY(skip_type(p));
	*type_ret = type_new(GOTYPE_WORD, 8, 8);
	return NULL;
}

static struct err *parse_any(struct parser *p, struct gotype **type_ret)
{
	struct golex *in = p->in;

	if (golex_accept(in, "*"))
		return parse_pointer(p, type_ret);
	if (golex_accept(in, "...")) {
		TRY(skip_type(p));
		*type_ret = type_new(GOTYPE_SLICE, 24, 8);
		return NULL;
	}
	if (golex_accept(in, "["))
		return parse_list(p, type_ret);
	if (golex_accept_word(in, "func"))
		return parse_func_value(p, type_ret);
	if (golex_accept_word(in, "struct"))
		return parse_struct(p, type_ret);
	if (golex_accept_word(in, "interface"))
		return parse_interface(p, type_ret);
	TRY(parse_reference(p, type_ret));
	return *type_ret ? NULL : parse_named(p, type_ret);
}

static struct err *parse_type(struct parser *p, struct gotype **type_ret)
{
	golex_space(p->in);

	const char *start = p->in->pos;

	if (++p->depth > MAX_DEPTH)
		return err_new("types nested more than %d deep", MAX_DEPTH);
	TRY(parse_any(p, type_ret));
	p->depth--;
	if (!(*type_ret)->name)
		(*type_ret)->name = mem_strndup(start, (size_t)(p->in->pos - start));
	return NULL;
}

struct err *gotype_parse(struct golex *in, const struct gotype_env *env,
			 struct gotype **type_ret)
{
	struct parser parser = { in, env, 0 };

	return parse_type(&parser, type_ret);
}

void gotype_free(struct gotype *type)
{
	if (!type)
		return;
	for (size_t i = 0; i < type->nfields; i++) {
		free(type->fields[i].name);
		if (!type->fields[i].shared)
			gotype_free(type->fields[i].type);
	}
	free(type->fields);
	gotype_free(type->elem);
	free(type->name);
	free(type->pointee);
	free(type);
}
