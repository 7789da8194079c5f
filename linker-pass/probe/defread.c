/* SPDX-License-Identifier: MIT */
/* YAML nodes to definitions, each value checked where it is read. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/defown.h"
#include "probe/defread.h"
#include "probe/expr.h"
#include "probe/gotype.h"

#define MAX_WORDS 12 /* BPF_USDT_MAX_ARG_CNT of libbpf, the goroutine id included */

struct reader {
	struct def_set *set;
	const char *file, *package; /* owned by set->strings */
	const char *main_path;      /* the same, or NULL */
	const struct def_context *context; /* NULL outside a module */
	char *provider;
	bool no_goid;
};

const char *def_keep(struct def_set *set, char *text)
{
	set->strings = mem_realloc(set->strings, (set->nstrings + 1) * sizeof(*set->strings));
	set->strings[set->nstrings++] = text;
	return text;
}

struct err *def_read_text(struct ynode at, const char *key, char **text_ret)
{
	struct ynode node;

	*text_ret = NULL;
	if (!def_find(at, key, &node))
		return NULL;

	const char *text = yaml_text(node);

	if (!text || !*text)
		return yaml_error(node, "\"%s\" should be a text", key);
	*text_ret = mem_strdup(text);
	return NULL;
}

/* The same, "" when the key is not there. */
static struct err *read_optional(struct ynode at, const char *key, char **text_ret)
{
	TRY(def_read_text(at, key, text_ret));
	if (!*text_ret)
		*text_ret = mem_strdup("");
	return NULL;
}

static struct err *read_name(struct ynode at, char **name_ret)
{
	struct ynode node = at;

	TRY(def_read_text(at, "name", name_ret));
	def_find(at, "name", &node);
	if (!def_is_name(*name_ret))
		return yaml_error(node, "\"%.80s\" should be snake_case (a-z, 0-9, _)",
				  *name_ret);
	return NULL;
}

struct err *def_read_minor(struct ynode at, const char *key, unsigned *minor_ret)
{
	struct ynode node;
	char *end = NULL;

	*minor_ret = 0;
	if (!def_find(at, key, &node))
		return NULL;

	const char *text = yaml_text(node);
	unsigned long minor = 0;

	if (text && !strncmp(text, "1.", 2) && isdigit((unsigned char)text[2]))
		minor = strtoul(text + 2, &end, 10);
	if (!end || *end || minor < 18 || minor > 999)
		return yaml_error(node, "\"%s\" should be a Go version from \"1.18\" on, "
					"without a patch level", key);
	*minor_ret = (unsigned)minor;
	return NULL;
}

struct err *def_read_range(struct ynode at, struct go_range *range)
{
	TRY(def_read_minor(at, "since", &range->since));
	TRY(def_read_minor(at, "until", &range->until));
	if (range->until && range->since > range->until)
		return yaml_error(at, "\"since\" lies behind \"until\"");
	return NULL;
}

static struct err *read_flag(struct ynode at, const char *key, bool *flag_ret)
{
	struct ynode node;

	if (!def_find(at, key, &node))
		return NULL;

	const char *text = yaml_text(node);

	if (!text || (strcmp(text, "true") && strcmp(text, "false")))
		return yaml_error(node, "\"%s\" should be true or false", key);
	*flag_ret = !strcmp(text, "true");
	return NULL;
}

struct err *def_read_list(struct ynode at, const char *key, struct ynode *list_ret,
			  int *count_ret)
{
	*count_ret = 0;
	if (!def_find(at, key, list_ret))
		return NULL;
	*count_ret = yaml_items(*list_ret);
	if (*count_ret < 0)
		return yaml_error(*list_ret, "\"%s\" should be a list", key);
	return NULL;
}

/* The enumeration of an argument, one of the same file. */
static struct err *read_arg_enum(const struct reader *in, struct ynode at, struct def_arg *arg)
{
	struct ynode node;
	char *name;

	TRY(def_read_text(at, "enum", &name));
	if (!name)
		return NULL;
	def_find(at, "enum", &node);
	arg->numbers = def_find_enum(in->set, in->package, name);
	free(name);
	if (!arg->numbers)
		return yaml_error(node, "the file has no such enum");
	if (!arg->type || strcmp(arg->type, "uint8"))
		return yaml_error(node, "the numbers of an enum are a uint8, not a %s",
				  arg->type ? arg->type : "type that is not said");
	return NULL;
}

/* How many words the type of an argument is. */
static struct err *read_words(struct ynode at, const char *type, int *words_ret)
{
	struct err *err = def_arg_words(type, words_ret), *placed;
	struct ynode node = at;

	if (!err)
		return NULL;
	def_find(at, "type", &node);
	placed = yaml_error(node, "%s", err->message);
	err_free(err);
	return placed;
}

static struct err *read_arg(const struct reader *in, struct ynode at, struct def_arg *arg,
			    int *words)
{
	int more = 1;

	TRY(def_check_keys(at, "an argument", "!name type unit doc enum optional"));
	TRY(read_name(at, &arg->name));
	TRY(def_read_text(at, "type", &arg->type));
	TRY(read_optional(at, "unit", &arg->unit));
	TRY(read_optional(at, "doc", &arg->doc));
	TRY(read_flag(at, "optional", &arg->optional));
	if (arg->type)
		TRY(read_words(at, arg->type, &more));
	*words += more;
	return read_arg_enum(in, at, arg);
}

static struct err *read_args(const struct reader *in, struct ynode at,
			     struct def_probe *probe)
{
	struct ynode list = at;
	int count, words = !probe->no_goid;

	TRY(def_read_list(at, "args", &list, &count));
	probe->args = mem_zalloc((size_t)count * sizeof(*probe->args));
	for (int i = 0; i < count; i++) {
		struct def_arg *arg = &probe->args[probe->nargs++];

		TRY(read_arg(in, yaml_item(list, i), arg, &words));
		for (int j = 0; j < i; j++) {
			if (!strcmp(probe->args[j].name, arg->name))
				return yaml_error(yaml_item(list, i), "a second argument \"%s\"",
						  arg->name);
		}
	}
	if (words > MAX_WORDS)
		return yaml_error(list, "%d words%s; tracers take at most "
					"%d (a string, slice or interface is 2)",
				  words, probe->no_goid ? "" : " with the goroutine id", MAX_WORDS);
	return NULL;
}

/* An error `offset` characters into a value. */
static struct err *placed(struct ynode at, int offset, struct err *err)
{
	struct err *there;
	int line, column;

	yaml_place(at, &line, &column);
	there = err_new("%s:%d:%d: %s", yaml_name(at), line, column + offset, err->message);
	err_free(err);
	return there;
}

/* A value that gives the probe one more argument, and its name. */
static struct err *read_named(struct ynode at, struct def_probe *probe, const char **text)
{
	const char *value;
	struct golex lex;
	struct expr expr;
	struct err *err;
	char *name;

	def_split_value(*text, &value, &name);
	lex = (struct golex){ value, value };
	err = expr_parse(&lex, &expr);
	if (err) {
		free(name);
		return placed(at, (int)(lex.pos - *text), err);
	}
	expr_clear(&expr);
	*text = value;
	if (!name || !def_is_name(name)) {
		free(name);
		return yaml_error(at, "what is this argument called? Write name=%.60s, the name in "
				  "snake_case", value);
	}
	if (!def_add_arg(probe, name))
		return yaml_error(at, "a second argument of this name; write name=%.60s", value);
	return NULL;
}

static struct err *read_value(struct ynode at, struct def_probe *probe, bool named,
			      struct def_variant *variant, int i)
{
	struct def_place *place = &variant->values_at[i];
	const char *text = yaml_text(at), *start = text;

	yaml_place(at, &place->line, &place->column);
	if (!text)
		return yaml_error(at, "a value should be a text such as req.Method");
	if (named)
		TRY(read_named(at, probe, &text));
	place->column += (int)(text - start);
	if (!yaml_null(at))
		variant->values[i] = mem_strdup(text);
	return NULL;
}

/* `named`: the values name the arguments. */
static struct err *read_values(struct ynode at, struct def_probe *probe, bool named,
			       struct def_variant *variant)
{
	struct ynode list = at;
	int count;

	TRY(def_read_list(at, "values", &list, &count));
	if (!named && (size_t)count != probe->nargs)
		return yaml_error(list, "%d values for %zu arguments", count, probe->nargs);
	variant->values = mem_zalloc((size_t)count * sizeof(*variant->values));
	variant->values_at = mem_zalloc((size_t)count * sizeof(*variant->values_at));
	variant->nvalues = (size_t)count;
	for (int i = 0; i < count; i++)
		TRY(read_value(yaml_item(list, i), probe, named, variant, i));
	if (named && count > MAX_WORDS)
		return yaml_error(list, "%d values; tracers take at most %d words", count,
				  MAX_WORDS);
	return NULL;
}

void def_read_place(struct ynode at, const char *key, struct def_place *place)
{
	struct ynode node = at;

	def_find(at, key, &node);
	yaml_place(node, &place->line, &place->column);
}

/* A list of names, [a, b], as "a b"; with a package they are its functions. */
static struct err *read_names(struct ynode at, const char *key, const char *package,
			      char **names_ret)
{
	struct ynode list = at;
	int count;

	TRY(def_read_list(at, key, &list, &count));
	*names_ret = mem_strdup("");
	for (int i = 0; i < count; i++) {
		const char *name = yaml_text(yaml_item(list, i));

		if (!name || !*name || strchr(name, ' '))
			return yaml_error(yaml_item(list, i), "a name should be here");

		char *whole = package ? def_symbol(package, name, true) : mem_strdup(name);
		char *joined = mem_printf("%s%s%s", *names_ret, i ? " " : "", whole);

		free(whole);
		free(*names_ret);
		*names_ret = joined;
	}
	return NULL;
}

static struct err *read_choice(struct ynode at, const char *key, const char *first,
			       const char *second, bool *second_ret)
{
	struct ynode node = at;

	def_find(at, key, &node);

	const char *text = yaml_text(node);

	if (!text || (strcmp(text, first) && strcmp(text, second)))
		return yaml_error(node, "\"%s\" should be %s or %s", key, first, second);
	*second_ret = !strcmp(text, second);
	return NULL;
}

/* Where the variant stands: as the probe, but for a key of its own. */
static struct err *read_variant_at(struct ynode at, const struct def_probe *probe,
				   struct def_variant *variant)
{
	struct ynode node;
	bool second;

	variant->at = probe->at;
	if (!def_find(at, "at", &node))
		return NULL;
	TRY(read_choice(at, "at", "entry", "return", &second));
	variant->at = second ? DEF_RETURN : DEF_ENTRY;
	return NULL;
}

/* Both forms of a place have these keys, beside "at". */
#define VARIANT_KEYS "values since until nosplit noinline goid when within signature"

/* Everything but the values and "at". */
static struct err *read_variant_texts(const struct reader *in, struct ynode at,
				      struct def_variant *variant)
{
	struct ynode node = at;
	char *func;

	TRY(def_read_range(at, &variant->range));
	TRY(def_read_text(at, "signature", &variant->signature));
	TRY(def_read_text(at, "goid", &variant->goid));
	TRY(def_read_text(at, "when", &variant->when));
	TRY(read_names(at, "within", in->package, &variant->within));
	TRY(read_flag(at, "nosplit", &variant->nosplit));
	TRY(read_flag(at, "noinline", &variant->noinline));
	def_read_place(at, "signature", &variant->signature_at);
	def_read_place(at, "goid", &variant->goid_at);
	def_read_place(at, "when", &variant->when_at);
	TRY(def_read_text(at, "func", &func));
	def_find(at, "func", &node);
	if (strpbrk(func, " \t")) {
		struct err *err = yaml_error(node, "\"%s\" should be a function such as Checkout, "
					     "(*Cart).Checkout or net/http.(*conn).serve", func);

		free(func);
		return err;
	}
	variant->symbol = def_symbol(in->package, func, variant->signature);
	free(func);
	return NULL;
}

static struct err *read_variant(const struct reader *in, struct ynode at,
				struct def_probe *probe)
{
	struct def_variant *variant = &probe->variants[probe->nvariants++];
	int column;

	yaml_place(at, &variant->line, &column);
	TRY(def_check_keys(at, "a variant", "!func at " VARIANT_KEYS));
	TRY(read_variant_texts(in, at, variant));
	TRY(read_variant_at(at, probe, variant));
	TRY(read_values(at, probe, false, variant));
	return def_check_variant(probe, variant);
}

/* The short form: the probe stands in one place, whose keys are its own. */
static struct err *read_only_place(struct reader *in, struct ynode at, struct def_probe *probe)
{
	struct def_variant *variant;
	struct ynode args;
	int column;

	probe->variants = mem_zalloc(sizeof(*probe->variants));
	variant = &probe->variants[probe->nvariants++];
	variant->at = probe->at;
	yaml_place(at, &variant->line, &column);
	TRY(read_variant_texts(in, at, variant));
	if (!*probe->doc) {
		free(probe->doc);
		probe->doc = mem_printf("%s of %s.", probe->at == DEF_RETURN ? "Return" : "Entry",
					variant->symbol);
	}
	TRY(read_values(at, probe, !def_find(at, "args", &args), variant));
	return def_check_variant(probe, variant);
}

/* Folded text without the line break that YAML may leave at its end. */
static void trim(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = 0;
	for (; *text; text++) {
		if (*text == '\n')
			*text = ' ';
	}
}

static struct err *read_probe_texts(struct ynode at, bool brief, struct def_probe *probe)
{
	struct ynode node;
	bool second;

	TRY(def_check_keys(at, "a probe",
			   brief ? "!name !at !func doc stability otel args " VARIANT_KEYS
				 : "!name !at !doc !stability !variants otel noinline args"));
	TRY(read_name(at, &probe->name));
	TRY(read_choice(at, "at", "entry", "return", &second));
	probe->at = second ? DEF_RETURN : DEF_ENTRY;
	TRY(read_optional(at, "doc", &probe->doc));
	trim(probe->doc);
	if (def_find(at, "stability", &node))
		TRY(read_choice(at, "stability", "stable", "experimental", &second));
	TRY(def_read_text(at, "stability", &probe->stability));
	if (!probe->stability)
		probe->stability = mem_strdup("experimental");
	return read_names(at, "otel", NULL, &probe->otel);
}

static struct err *read_probe(struct reader *in, struct ynode at, struct def_probe *probe)
{
	struct ynode list = at;
	bool brief = yaml_pairs(at) >= 0 && !def_find(at, "variants", &list);
	bool noinline = false;
	int count, column;

	probe->provider = mem_strdup(in->provider);
	probe->package = in->package;
	probe->main_path = in->main_path;
	probe->file = in->file;
	probe->no_goid = in->no_goid;
	yaml_place(at, &probe->line, &column);
	TRY(read_probe_texts(at, brief, probe));
	TRY(read_args(in, at, probe));
	if (brief)
		return read_only_place(in, at, probe);
	list = at;
	TRY(read_flag(at, "noinline", &noinline));
	TRY(def_read_list(at, "variants", &list, &count));
	if (!count)
		return yaml_error(list, "a probe without a variant stands nowhere");
	probe->variants = mem_zalloc((size_t)count * sizeof(*probe->variants));
	for (int i = 0; i < count; i++) {
		probe->variants[i].noinline = noinline;
		TRY(read_variant(in, yaml_item(list, i), probe));
	}
	return NULL;
}

static struct err *read_probes(struct reader *in, struct ynode at)
{
	struct def_set *set = in->set;
	struct ynode list = at;
	int count;

	TRY(def_read_list(at, "probes", &list, &count));
	set->probes = mem_zalloc((size_t)count * sizeof(*set->probes));
	for (int i = 0; i < count; i++) {
		struct def_probe *probe = &set->probes[set->nprobes++];

		TRY(read_probe(in, yaml_item(list, i), probe));
		for (int j = 0; j < i; j++) {
			if (!strcmp(set->probes[j].name, probe->name))
				return yaml_error(yaml_item(list, i), "a second probe \"%s\"",
						  probe->name);
		}
	}
	return NULL;
}

/* The package of the module that has this import path; NULL for any other. */
static const struct def_package *find_package(const struct def_context *context,
					      const char *path)
{
	for (size_t i = 0; context && i < context->npackages; i++)
		if (!strcmp(context->packages[i].path, path))
			return &context->packages[i];
	return NULL;
}

/*
 * A program's package is called main by the linker, whatever its import path; that says whose
 * it is. The module, where the file is in one, tells which packages are such.
 */
static struct err *read_package(struct reader *in, struct ynode root)
{
	const char *folder = in->context ? in->context->path : NULL;
	const struct def_package *known;
	char *package;

	TRY(def_read_text(root, "package", &package));
	if (folder && (!package || !strcmp(package, "main"))) {
		free(package);
		package = mem_strdup(folder);
	}
	known = find_package(in->context, package);
	in->package = def_keep(in->set, package);
	if (known && known->is_main) {
		in->main_path = in->package;
		in->package = def_keep(in->set, mem_strdup("main"));
	}
	if (known && known->provider)
		in->provider = mem_strdup(known->provider);
	return NULL;
}

static struct err *read_provider(struct reader *in, struct ynode at)
{
	struct ynode node = at;

	if (def_find(at, "provider", &node)) {
		free(in->provider);
		in->provider = NULL;
		TRY(def_read_text(at, "provider", &in->provider));
	}
	if (!in->provider)
		in->provider = def_provider_of(in->package);
	def_find(at, "provider", &node);
	if (!def_is_provider(in->provider))
		return yaml_error(node, "\"provider\" should hold letters, digits and _");
	return NULL;
}

/* "goid: none": the probes of this file have no goroutine id in front. */
static struct err *read_no_goid(struct reader *in, struct ynode at)
{
	struct ynode node;

	if (!def_find(at, "goid", &node))
		return NULL;

	const char *text = yaml_text(node);

	if (!text || strcmp(text, "none"))
		return yaml_error(node, "\"goid\" should be none here, or left out");
	in->no_goid = true;
	return NULL;
}

static struct err *read_root(struct reader *in, struct ynode root)
{
	TRY(def_check_keys(root, "a definition file",
			   in->context ? "package !probes provider goid types enums"
				       : "!package !probes provider goid types enums"));
	TRY(read_package(in, root));
	TRY(read_provider(in, root));
	TRY(read_no_goid(in, root));
	TRY(def_read_types(in->set, in->package, in->file, root));
	TRY(def_read_enums(in->set, in->package, root));
	return read_probes(in, root);
}

struct err *def_read(struct def_set *file, struct ynode root, const char *name,
		     const struct def_context *context)
{
	struct reader in = { .set = file, .context = context };

	in.file = def_keep(file, mem_strdup(name));

	struct err *err = read_root(&in, root);

	free(in.provider);
	return err;
}
