/* SPDX-License-Identifier: MIT */
/* The probe definitions as Markdown. */
#include <stdlib.h>
#include <string.h>

#include "probe/doc.h"

static const char intro[] =
	"# Probes\n\n"
	"Made by `probes catalog --markdown` from `stdlib-probes/*.yaml`: change those files, not "
	"this one.\n\n"
	"arg0 of every probe is the id of a goroutine: the one that runs, unless the table says "
	"otherwise. A string or slice is two arguments, pointer and length; an error or other "
	"interface is two, type word (0 = nil) and data word. Names, order and meaning of a "
	"stable probe's arguments do not change; new ones are only appended. (bpftrace before 0.24 "
	"reads arg0 to arg5 only.)\n\n"
	"A probe ending in `_start` has a partner ending in `_end`; when a function panics, its "
	"end does not fire. A value behind a nil pointer reads 0 in "
	"BPF tracers.\n";

/* Text within a table cell. */
static void put_cell(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void put_row(int index, const char *name, const char *suffix, const char *type,
		    FILE *out)
{
	fprintf(out, "| arg%d | `%s%s` | `%s` | ", index, name, suffix, type);
}

static void put_notes(const struct def_arg *arg, FILE *out)
{
	put_cell(arg->doc, out);
	if (*arg->unit)
		fprintf(out, "%s%s", *arg->doc ? "; " : "", arg->unit);
	if (arg->numbers)
		fprintf(out, "%snumbers of `%s`", *arg->doc ? "; " : "", arg->numbers->name);
	fputs(" |\n", out);
}

/* The word or words of one argument; returns the next index. */
static int put_arg(const struct def_arg *arg, int index, FILE *out)
{
	bool pair = false;
	int words = 1;
	struct err *err = def_arg_words(arg->type, &words);

	err_free(err); /* checked when the definition was read */
	if (words == 1) {
		put_row(index, arg->name, "", arg->type, out);
		put_notes(arg, out);
		return index + 1;
	}
	pair = !strcmp(arg->type, "string") || arg->type[0] == '[';
	put_row(index, arg->name, pair ? "" : "_type", arg->type, out);
	put_notes(arg, out);
	put_row(index + 1, arg->name, pair ? "_len" : "_data", pair ? "int" : arg->type, out);
	fputs(" |\n", out);
	return index + 2;
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

static void put_places(const struct def_probe *probe, FILE *out)
{
	fprintf(out, "\n%s of:\n\n", probe->at == DEF_ENTRY ? "Entry" : "Return");
	for (size_t i = 0; i < probe->nvariants; i++) {
		const struct def_variant *variant = &probe->variants[i];
		struct go_range range = variant->range;

		/* Variants of one function differ in what only the binder needs to know. */
		while (i + 1 < probe->nvariants &&
		       !strcmp(probe->variants[i + 1].symbol, variant->symbol))
			range.until = probe->variants[++i].range.until;

		char *text = def_range_text(range);

		fprintf(out, "- `%s`, %s\n", variant->symbol, text);
		free(text);
	}
}

static void put_probe(const struct def_probe *probe, FILE *out)
{
	int index = 0;

	fprintf(out, "\n### %s:%s\n\n%s\n\n", probe->provider, probe->name, probe->doc);
	fputs("| | name | Go type | |\n|-|-|-|-|\n", out);
	if (!probe->no_goid) {
		put_row(index++, "goid", "", "uint64", out);
		fputs(other_goroutine(probe) ? "the goroutine this is about |\n" : " |\n", out);
	}
	for (size_t i = 0; i < probe->nargs; i++)
		index = put_arg(&probe->args[i], index, out);
	put_places(probe, out);
	fprintf(out, "\nStability: %s.", probe->stability);
	if (*probe->otel)
		fputs(" OpenTelemetry:", out);
	for (const char *p = probe->otel; *p;) {
		size_t len = strcspn(p, " ");

		fprintf(out, "%s `%.*s`", p == probe->otel ? "" : ",", (int)len, p);
		p += len + (p[len] == ' ');
	}
	fputs(*probe->otel ? ".\n" : "\n", out);
}

static void put_contents(const struct def_set *defs, FILE *out)
{
	const char *provider = "";

	for (size_t i = 0; i < defs->nprobes; i++) {
		const struct def_probe *probe = &defs->probes[i];

		if (strcmp(provider, probe->provider))
			fprintf(out, "\n- [%s](#%s):", probe->provider, probe->provider);
		else
			fputs(",", out);
		fprintf(out, " [%s](#%s%s)", probe->name, probe->provider, probe->name);
		provider = probe->provider;
	}
	fputs("\n", out);
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

void doc_markdown(const struct def_set *defs, FILE *out)
{
	const char *provider = "";

	fputs(intro, out);
	put_contents(defs, out);
	for (size_t i = 0; i < defs->nprobes; i++) {
		const struct def_probe *probe = &defs->probes[i];

		if (strcmp(provider, probe->provider)) {
			fprintf(out, "\n## %s\n\nPackage `%s`.\n", probe->provider,
				probe->package);
			put_enums(defs, probe->package, out);
		}
		provider = probe->provider;
		put_probe(probe, out);
	}
}
