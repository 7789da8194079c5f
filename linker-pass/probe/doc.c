/* SPDX-License-Identifier: MIT */
/* The probe definitions as Markdown. */
#include <stdlib.h>
#include <string.h>

#include "probe/doc.h"
#include "probe/layout.h"

#define OLDEST 18 /* Go 1.18 */

static const char intro[] =
	"# Probes\n\n"
	"Made by `probes catalog --markdown` from `stdlib-probes/*.yaml`: change those files, not "
	"this one. `probes catalog` prints the same as a table, `probes catalog --json` as data "
	"([catalog.schema.json](catalog.schema.json)).\n\n"
	"A probe is `provider:name`. Its arguments are words, numbered as tracers do. arg0 is the "
	"id of the goroutine that runs, a `uint64`, and listed only where it is another one's. A "
	"string or slice is two words, pointer and length; an error or other interface is two, "
	"type word (0 = nil) and data word. (bpftrace before 0.24 reads arg0 to arg5 only.) A "
	"value behind a nil pointer reads 0.\n\n"
	"A probe ending in `_start` has a partner ending in `_end`; when a function panics, its "
	"end does not fire, unless the text says otherwise. Names, order and meaning of the "
	"arguments of a stable probe do not change; new ones are only appended. An experimental "
	"probe may change with a release of Go that changes what it stands on.\n";

/* Text that is no HTML, emphasis or end of a table cell. */
static void put_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '|' || *text == '*')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

/* The word or words of one argument; returns the next index. */
static int put_arg(const struct def_arg *arg, int index, FILE *out)
{
	const char *separator = *arg->doc ? "; " : "";
	int words = 1;

	if (arg->type)
		err_free(def_arg_words(arg->type, &words)); /* checked when it was read */
	fprintf(out, "| arg%d", index);
	if (words == 2)
		fprintf(out, ", arg%d", index + 1);
	fprintf(out, " | `%s` | `%s` | ", arg->name,
		arg->type ? arg->type : "?");
	put_text(arg->doc, out);
	if (*arg->unit)
		fprintf(out, "%s%s", separator, arg->unit);
	if (arg->numbers)
		fprintf(out, "%sa number of `%s`", separator, arg->numbers->name);
	fputs(" |\n", out);
	return index + words;
}

/* Whether arg0 is not simply the goroutine that runs. */
static bool other_goroutine(const struct def_probe *probe)
{
	for (size_t i = 0; i < probe->nvariants; i++) {
		if (probe->variants[i].goid)
			return true;
	}
	return false;
}

static void put_args(const struct def_probe *probe, FILE *out)
{
	int index = !probe->no_goid;
	bool other = other_goroutine(probe);

	if (!probe->nargs && !other)
		return;
	fputs("\n| | name | Go type | |\n|-|-|-|-|\n", out);
	if (other)
		fputs("| arg0 | `goid` | `uint64` | the goroutine this is about |\n", out);
	for (size_t i = 0; i < probe->nargs; i++)
		index = put_arg(&probe->args[i], index, out);
}

static bool same_place(const struct def_variant *a, const struct def_variant *b)
{
	const char *first = a->signature ? a->signature : "";

	return a->at == b->at && !strcmp(a->symbol, b->symbol) &&
	       !strcmp(first, b->signature ? b->signature : "") &&
	       b->range.since == a->range.until + 1;
}

/* Space-separated names; whether there were any. */
static bool put_names(const char *names, const char *before, const char *between, FILE *out)
{
	const char *name;
	int len;

	for (const char *pos = names; def_next_name(&pos, &name, &len); before = between)
		fprintf(out, "%s`%.*s`", before, len, name);
	return *names;
}

static void put_places(const struct def_probe *probe, FILE *out)
{
	fputs("\n", out);
	for (size_t i = 0; i < probe->nvariants; i++) {
		const struct def_variant *variant = &probe->variants[i];
		struct go_range range = variant->range;

		/* Some differ in what only the binder needs to know. */
		while (range.until && i + 1 < probe->nvariants &&
		       same_place(&probe->variants[i], &probe->variants[i + 1]))
			range.until = probe->variants[++i].range.until;

		char *text = def_range_text(range);

		fprintf(out, "- %s: %s of `%s`", text,
			def_at_name(variant->at), variant->symbol);
		if (variant->when)
			fprintf(out, " when `%s`", variant->when);
		put_names(variant->within, " called by ", " or ", out);
		if (variant->signature)
			fprintf(out, ", `%s`", variant->signature);
		fputs("\n", out);
		free(text);
	}
}

static bool offered(const struct def_probe *probe, unsigned minor)
{
	for (size_t i = 0; i < probe->nvariants; i++) {
		if (def_range_has(probe->variants[i].range, minor))
			return true;
	}
	return false;
}

/* "- absent: Go 1.18 to 1.20", of the releases that were measured. */
static void put_absent(const struct def_probe *probe, FILE *out)
{
	const char *separator = "- absent: ";
	unsigned newest = layout_newest();

	for (unsigned minor = OLDEST; minor <= newest; minor++) {
		struct go_range range = { minor, minor };

		if (offered(probe, minor))
			continue;
		while (minor < newest && !offered(probe, minor + 1))
			range.until = ++minor;

		char *text = def_range_text(range);

		fprintf(out, "%s%s", separator, text);
		separator = ", ";
		free(text);
	}
	fputs(*separator == ',' ? "\n" : "", out);
}

static void put_probe(const struct def_probe *probe, FILE *out)
{
	fprintf(out, "\n<a id=\"%s-%s\"></a>**%s:%s** (%s)  \n", probe->provider, probe->name,
		probe->provider, probe->name, probe->stability);
	put_text(probe->doc, out);
	fputs("\n", out);
	put_args(probe, out);
	put_places(probe, out);
	put_absent(probe, out);
	if (put_names(probe->otel, "- OpenTelemetry: ", ", ", out))
		fputs("\n", out);
}

/* Whether an earlier probe of the provider has the package of the i-th. */
static bool package_named(const struct def_set *defs, size_t first, size_t i)
{
	for (size_t j = first; j < i; j++) {
		if (!strcmp(defs->probes[j].package, defs->probes[i].package))
			return true;
	}
	return false;
}

static void put_packages(const struct def_set *defs, size_t first, size_t end, FILE *out)
{
	for (size_t i = first; i < end; i++) {
		if (!package_named(defs, first, i))
			fprintf(out, "%s`%s`", i == first ? "" : ", ", defs->probes[i].package);
	}
}

/* What the numbers of a package's enumerations mean. */
static void put_enums(const struct def_set *defs, const char *package, FILE *out)
{
	size_t len = strlen(package);

	for (size_t i = 0; i < defs->nenums; i++) {
		const struct def_enum *numbers = defs->enums[i];

		if (strncmp(numbers->name, package, len) || numbers->name[len] != '.' ||
		    strchr(numbers->name + len, '/'))
			continue;
		fprintf(out, "\nNumbers of `%s`, the same for every release of Go:", numbers->name);
		for (size_t j = 0; j < numbers->nvalues; j++)
			fprintf(out, "%s %u %s", j ? "," : "", numbers->values[j].value,
				numbers->values[j].name);
		fputs(".\n", out);
	}
}

static size_t provider_end(const struct def_set *defs, size_t first)
{
	size_t end = first;

	while (end < defs->nprobes &&
	       !strcmp(defs->probes[end].provider, defs->probes[first].provider))
		end++;
	return end;
}

static size_t count_stable(const struct def_set *defs, size_t first, size_t end)
{
	size_t stable = 0;

	for (size_t i = first; i < end; i++)
		stable += !strcmp(defs->probes[i].stability, "stable");
	return stable;
}

static void put_contents(const struct def_set *defs, FILE *out)
{
	size_t n = defs->nprobes;

	fputs("\n| provider | package | probes | stable |\n|-|-|-|-|\n", out);
	for (size_t i = 0, end; i < n; i = end) {
		const char *provider = defs->probes[i].provider;

		end = provider_end(defs, i);
		fprintf(out, "| [%s](#%s) | ", provider, provider);
		put_packages(defs, i, end, out);
		fprintf(out, " | %zu | %zu |\n", end - i, count_stable(defs, i, end));
	}
	fprintf(out, "| all | | %zu | %zu |\n", n, count_stable(defs, 0, n));
}

/* The probe that is called as the i-th, but ends in `other` where that one ends in `ending`. */
static const struct def_probe *partner(const struct def_set *defs, size_t first, size_t end,
				       size_t i, const char *ending, const char *other)
{
	const char *name = defs->probes[i].name;
	size_t stem = strlen(name);

	if (stem < strlen(ending) || strcmp(name + stem - strlen(ending), ending) != 0)
		return NULL;
	stem -= strlen(ending);
	for (size_t j = first; j < end; j++) {
		const char *pair = defs->probes[j].name;

		if (!strncmp(pair, name, stem) && !strcmp(pair + stem, other))
			return &defs->probes[j];
	}
	return NULL;
}

/* A start and its end stand together, in this order. */
static void put_provider(const struct def_set *defs, size_t first, size_t end, FILE *out)
{
	const char *provider = defs->probes[first].provider, *separator = ":";

	fprintf(out, "\n## %s\n\nPackage ", provider);
	put_packages(defs, first, end, out);
	for (size_t i = first; i < end; i++) {
		const char *name = defs->probes[i].name;
		const struct def_probe *pair = partner(defs, first, end, i, "_start", "_end");

		if (partner(defs, first, end, i, "_end", "_start"))
			continue;
		fprintf(out, "%s [%s](#%s-%s)", separator, name, provider, name);
		if (pair)
			fprintf(out, "/[end](#%s-%s)", provider, pair->name);
		separator = ",";
	}
	fputs(".\n", out);
	for (size_t i = first; i < end; i++) {
		if (!package_named(defs, first, i))
			put_enums(defs, defs->probes[i].package, out);
	}
	for (size_t i = first; i < end; i++) {
		const struct def_probe *pair = partner(defs, first, end, i, "_start", "_end");

		if (partner(defs, first, end, i, "_end", "_start"))
			continue;
		put_probe(&defs->probes[i], out);
		if (pair)
			put_probe(pair, out);
	}
}

void doc_markdown(const struct def_set *defs, FILE *out)
{
	fputs(intro, out);
	put_contents(defs, out);
	for (size_t i = 0, end; i < defs->nprobes; i = end) {
		end = provider_end(defs, i);
		put_provider(defs, i, end, out);
	}
}
