/* SPDX-License-Identifier: MIT */
/* Directives into definitions. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/defread.h"
#include "probe/directive.h"
#include "probe/expr.h"

#define MAX_VALUES 12 /* words that tracers take */

/* Where in which file a directive is read. */
struct context {
	const char *file;
	const struct gosource_directive *directive;
	const struct def_package *package;
	bool noinline; /* is asked for beside it */
};

/* An error at a place within the directive's text. */
static struct err *fail(const struct context *in, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static struct err *fail(const struct context *in, const char *at, const char *fmt, ...)
{
	const struct gosource_directive *directive = in->directive;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);

	struct err *err = err_new("%s:%d:%d: %s", in->file, directive->rest.line,
				  directive->rest.column + (int)(at - directive->text), text);

	free(text);
	return err;
}

struct err *directive_provider(const char *file, const struct gosource_directive *directive,
			       struct def_package *package)
{
	struct context in = { file, directive, package, false };
	const char *name = directive->text;

	if (!*name || !def_is_provider(name))
		return fail(&in, name, "\"%s\" is no provider; write a name of letters, digits "
			    "and _", name);
	if (package->provider && strcmp(package->provider, name))
		return fail(&in, name, "the package has the provider %s already; take one of the "
			    "two away", package->provider);
	free(package->provider);
	package->provider = mem_strdup(name);
	return NULL;
}

/* The next argument: up to white space that is in no brackets or quotes. */
static size_t arg_len(const char *text)
{
	bool quoted = false;
	size_t len = 0;
	int depth = 0;

	for (; text[len] && (depth || quoted || !strchr(" \t", text[len])); len++) {
		quoted ^= text[len] == '"';
		depth += (text[len] == '(') - (text[len] == ')' && depth);
	}
	return len;
}

/* One argument: its name, and its value, which must be one. */
static struct err *add_value(const struct context *in, const char *at, const char *text,
			     struct def_probe *probe, struct def_variant *variant)
{
	const char *value;
	struct golex lex;
	struct expr expr;
	char *name;

	def_split_value(text, &value, &name);
	lex = (struct golex){ value, value };

	struct err *err = expr_parse(&lex, &expr);

	if (err) {
		struct err *placed = fail(in, at + (lex.pos - text), "%s; a value is a parameter "
					  "or result, its fields, len(x) or errtext(err)",
					  err->message);

		err_free(err);
		free(name);
		return placed;
	}
	expr_clear(&expr);
	if (!name || !def_is_name(name)) {
		free(name);
		return fail(in, at, "what is this argument called? Write name=%s, the name in "
			    "snake_case", value);
	}
	if (!def_add_arg(probe, name))
		return fail(in, at, "a second argument of this name; write name=%s", value);
	variant->values[variant->nvalues] = mem_strdup(value);
	variant->values_at[variant->nvalues++] = (struct def_place){
		in->directive->rest.line,
		in->directive->rest.column + (int)(at - in->directive->text) +
			(int)(value - text)
	};
	return NULL;
}

static struct err *add_values(const struct context *in, const char *pos,
			      struct def_probe *probe, struct def_variant *variant)
{
	variant->values = mem_zalloc(MAX_VALUES * sizeof(*variant->values));
	variant->values_at = mem_zalloc(MAX_VALUES * sizeof(*variant->values_at));
	for (;;) {
		size_t len;
		char *text;

		pos += strspn(pos, " \t");
		len = arg_len(pos);
		if (!len)
			return NULL;
		if (variant->nvalues == MAX_VALUES)
			return fail(in, pos, "more than %d arguments; leave some out", MAX_VALUES);
		text = mem_strndup(pos, len);

		struct err *err = add_value(in, pos, text, probe, variant);

		free(text);
		TRY(err);
		pos += len;
	}
}

/* What the probe is called. */
static struct err *read_name(const struct context *in, char **name_ret, const char **rest_ret)
{
	const char *text = in->directive->text;
	size_t len = strcspn(text, " \t");
	char *name = mem_strndup(text, len);

	if (!def_is_name(name)) {
		struct err *err = fail(in, text, len ? "\"%.80s\" is no name for a probe; write it "
				       "in snake_case (a-z, 0-9, _)"
				     : "the probe has no name%s; write one in snake_case "
				       "behind the directive's word", name);

		free(name);
		return err;
	}
	*name_ret = name;
	*rest_ret = text + len;
	return NULL;
}

/* The definition that one directive makes, in a set of its own. */
static struct err *make(const struct context *in, struct def_set *one)
{
	const struct gosource_directive *directive = in->directive;
	const struct def_package *package = in->package;
	struct def_probe *probe = mem_zalloc(sizeof(*probe));
	struct def_variant *variant = mem_zalloc(sizeof(*variant));
	const char *path = package->is_main ? "main" : package->path, *rest = "";

	one->probes = probe;
	one->nprobes = 1;
	probe->at = variant->at = directive->word == GOSOURCE_RETURN ? DEF_RETURN : DEF_ENTRY;
	probe->provider = package->provider ? mem_strdup(package->provider)
					    : def_provider_of(path);
	probe->package = def_keep(one, mem_strdup(path));
	probe->main_path = package->is_main ? def_keep(one, mem_strdup(package->path)) : NULL;
	probe->file = def_keep(one, mem_strdup(in->file));
	probe->line = variant->line = directive->at.line;
	probe->doc = mem_printf("%s of %s.", probe->at == DEF_RETURN ? "Return" : "Entry",
				directive->func);
	probe->stability = mem_strdup("experimental");
	probe->otel = mem_strdup("");
	probe->variants = variant;
	probe->nvariants = 1;
	variant->symbol = def_symbol(path, directive->func, false);
	variant->within = mem_strdup("");
	variant->noinline = in->noinline;
	TRY(read_name(in, &probe->name, &rest));
	return add_values(in, rest, probe, variant);
}

static bool same_args(const struct def_probe *a, const struct def_probe *b)
{
	bool same = a->nargs == b->nargs && a->at == b->at;

	for (size_t i = 0; same && i < a->nargs; i++)
		same = !strcmp(a->args[i].name, b->args[i].name);
	return same;
}

/* One more place of a probe that an earlier directive made; takes over what `one` has. */
static void add_place(struct def_probe *probe, struct def_set *one)
{
	struct def_probe *more = &one->probes[0];

	probe->variants = mem_realloc(probe->variants,
				      (probe->nvariants + 1) * sizeof(*probe->variants));
	probe->variants[probe->nvariants++] = more->variants[0];
	more->nvariants = 0;
	def_free(one);
}

static struct err *add_one(const struct context *in, struct def_set *set)
{
	struct def_set *one = mem_zalloc(sizeof(*one));
	struct def_probe *earlier;
	struct err *err = make(in, one);

	if (err) {
		def_free(one);
		return err;
	}
	earlier = def_find_probe(set, &one->probes[0]);
	if (!earlier) {
		def_append(set, one);
	} else if (same_args(earlier, &one->probes[0]) &&
		   !strcmp(earlier->package, one->probes[0].package)) {
		add_place(earlier, one);
	} else {
		err = fail(in, in->directive->text, "%s:%d has a probe of this name with other "
			   "arguments; give this one another name", earlier->file,
			   earlier->line);
		def_free(one);
	}
	return err;
}

/* Whether the function that a directive is for has one with this word. */
static bool has_word(const struct gosource *source, const struct gosource_directive *of,
		     enum gosource_word word)
{
	for (size_t i = 0; i < source->n; i++) {
		const struct gosource_directive *one = &source->directives[i];

		if (one->word == word && of->func && one->func && !strcmp(one->func, of->func))
			return true;
	}
	return false;
}

struct err *directive_add(struct def_set *set, const char *file, const struct gosource *source,
			  const struct def_package *package)
{
	for (size_t i = 0; i < source->n; i++) {
		const struct gosource_directive *directive = &source->directives[i];
		struct context in = { file, directive, package,
				      has_word(source, directive, GOSOURCE_NOINLINE) };
		bool probed = has_word(source, directive, GOSOURCE_ENTRY) ||
			      has_word(source, directive, GOSOURCE_RETURN);

		if (directive->word == GOSOURCE_NOINLINE && *directive->text)
			return fail(&in, directive->text, "nothing follows probes:noinline; take "
				    "this away");
		if (directive->word == GOSOURCE_NOINLINE && !probed)
			return fail(&in, directive->text, "the function has no probe; put "
				    "//probes:entry or //probes:return beside it");
		if (directive->word == GOSOURCE_ENTRY || directive->word == GOSOURCE_RETURN)
			TRY(add_one(&in, set));

		const char *parts[] = { package->path, package->is_main ? "main" : "",
					package->provider ? package->provider : "",
					directive->func ? directive->func : "", directive->text };

		for (size_t j = 0; j < sizeof(parts) / sizeof(*parts); j++)
			def_digest_add(set, parts[j], strlen(parts[j]));
		def_digest_add(set, (const char *)&directive->word, sizeof(directive->word));
	}
	return NULL;
}
