/* SPDX-License-Identifier: MIT */
/* Definition files that are wrong in one way each, against the message they get; and what
 * a second file replaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/def.h"

#define HEAD "package: a/b.c\nprobes:\n"
#define PROBE "- name: x\n  at: entry\n  doc: d\n  stability: stable\n"
#define VARIANT "  variants: [{func: a/b.c.F, signature: func()}]\n"
#define ENUM "package: a\nenums: [{name: E, until: '1.21', values: ["
#define ENUM_ONE(raw) ENUM "{value: 0, name: z}, {value: 1, name: o, const: O, raw: '" raw "'}"

static const struct {
	const char *text, *message;
} cases[] = {
	{ "", "f:1:1: the file holds no definitions" },
	{ "- a\n", "f:1:1: a definition file should be a mapping" },
	{ "a: [\n", "f:2:1: did not find expected node content" },
	{ "\xff\xfe: a", "f: byte " },
	{ HEAD "---\npackage: x\n", "f:2:8: \"probes\" should be a list" },
	{ HEAD PROBE VARIANT "---\n[\n", "f:10:1: did not find expected node content" },
	{ "package: a\ngoid: gp.goid\nprobes: []\n", "f:2:7: \"goid\" should be none here" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: 'func(a *T)', when: a}]\n",
	  "f:7:58: \"a\" ends where \"!=\" should follow" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: 'func(a *T)', when: b == nil}]\n",
	  "f:7:57: the signature has no parameter or result \"b\"" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: 'func(a *T)', when: a == 0}]\n",
	  "f:7:62: a condition is NAME == nil or NAME != nil" },
	{ "package: a\n", "f:1:1: a definition file lacks the key \"probes\"" },
	{ "pakage: a\n", "f:1:1: a definition file has no key \"pakage\"; \"package\"?" },
	{ "package: a\npackage: b\n", "f:2:1: \"package\" is there twice" },
	{ "package: [a]\nprobes: []\n", "f:1:10: \"package\" should be a text" },
	{ "package: a\nprovider: a-b\nprobes: []\n", "f:2:11: \"provider\" should hold" },
	{ HEAD "- name: x\n", "f:3:3: a probe lacks the key \"at\"" },
	{ HEAD PROBE VARIANT "  zzzzzzzz: 1\n", "f:8:3: a probe has no key \"zzzzzzzz\"" },
	{ "package: p\nprobes:\n- {name: a, at: entry, fnc: F}\n",
	  "f:3:24: a probe has no key \"fnc\"; \"func\"?" },
	{ HEAD PROBE VARIANT "  arg: []\n", "f:8:3: a probe has no key \"arg\"; \"args\"?" },
	{ HEAD PROBE "  variants: []\n", "f:7:13: a probe without a variant" },
	{ HEAD PROBE "  variants: 3\n", "f:7:13: \"variants\" should be a list" },
	{ HEAD PROBE VARIANT PROBE VARIANT, "f:8:3: a second probe \"x\"" },
	{ HEAD "- {name: Xy, at: entry, doc: d, stability: stable, variants: []}\n",
	  "f:3:10: \"Xy\" should be snake_case" },
	{ HEAD "- {name: x, at: exit, doc: d, stability: stable, variants: []}\n",
	  "f:3:17: \"at\" should be entry or return" },
	{ HEAD "- {name: x, at: entry, doc: d, stability: yes, variants: []}\n",
	  "f:3:43: \"stability\" should be stable or experimental" },
	{ HEAD PROBE "  variants: [{func: F G, signature: func()}]\n",
	  "f:7:21: \"F G\" should be a function such as" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: func(), since: '1.17'}]\n",
	  "f:7:52: \"since\" should be a Go version" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: func(), since: '1.21.3'}]\n",
	  "f:7:52: \"since\" should be a Go version" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: func(), since: '1.22', until: '1.20'}]\n",
	  "f:7:14: \"since\" lies behind \"until\"" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: func(), noinline: 1}]\n",
	  "f:7:55: \"noinline\" should be true or false" },
	{ HEAD PROBE "  noinline: maybe\n" VARIANT, "f:7:13: \"noinline\" should be true" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: func(), nosplit: 1}]\n",
	  "f:7:54: \"nosplit\" should be true or false" },
	{ HEAD PROBE "  variants: [{func: a.F, signature: func(), values: [1]}]\n",
	  "f:7:53: 1 values for 0 arguments" },
	{ HEAD PROBE "  args: [{name: a, type: int}, {name: a, type: int}]\n" VARIANT,
	  "f:7:32: a second argument \"a\"" },
	{ HEAD PROBE "  args: [{name: a, type: T}]\n" VARIANT,
	  "f:7:26: \"T\" is no Go type that an argument can have" },
	{ HEAD PROBE "  args: [{name: a, type: string}, {name: b, type: error}, "
	  "{name: c, type: '[]int'}, {name: d, type: any}, {name: e, type: string}, "
	  "{name: f, type: string}]\n" VARIANT,
	  "f:7:9: 13 words with the goroutine id; tracers take at most 12" },
	{ HEAD PROBE "  args: [{name: a, type: uint8, enum: E}]\n" VARIANT,
	  "f:7:39: the file has no such enum" },
	{ ENUM "{value: 0, name: z}]}]\nprobes:\n" PROBE
	  "  args: [{name: a, type: int, enum: E}]\n" VARIANT,
	  "f:8:37: the numbers of an enum are a uint8, not a int" },
	{ "package: a\nenums: [{name: E, values: []}]\nprobes: []\n",
	  "f:2:9: an enum lacks the key \"until\"" },
	{ ENUM "{value: 1, name: z}]}]\nprobes: []\n", "f:2:51: values are numbered 0, 1, 2" },
	{ ENUM "{value: 0, name: z}, {value: 1, name: o}]}]\nprobes: []\n",
	  "f:2:64: a value lacks the key \"const\"" },
	{ ENUM_ONE("1.19") "]}]\nprobes: []\n", "f:2:99: \"raw\" should be Go's number" },
	{ ENUM_ONE("1.19:256") "]}]\nprobes: []\n", "f:2:99: \"raw\" should be" },
	{ ENUM_ONE("1.19:1 1.19:2") "]}]\nprobes: []\n", "f:2:99: \"raw\" should be" },
	{ ENUM_ONE("1.22:1") "]}]\nprobes: []\n", "f:2:99: \"raw\" should be" },
	{ ENUM_ONE("1.19:1 ") "]}]\nprobes: []\n", "f:2:99: \"raw\" should be" },
	{ ENUM_ONE("1.18:1 1.20:2") ", {value: 2, name: p, const: P, raw: '1.20:2'}]}]\n"
	  "probes: []\n", "f:2:117: \"o\" and \"p\" are both 2 in Go 1.20" },
	{ ENUM_ONE("1.19:1") ", {value: 2, name: o, const: P, raw: '1.20:2'}]}]\n"
	  "probes: []\n", "f:2:110: a second \"o\"" },
	{ "package: a\ntypes: [{name: T, type: 'struct{a'}]\nprobes: []\n",
	  "f:2:34: \"struct{a\" ends where \"}\" should follow" },
};

static bool refused_rightly(size_t i)
{
	struct def_set *set = mem_zalloc(sizeof(*set));
	struct err *err = def_load_text(set, "f", cases[i].text, strlen(cases[i].text));
	bool fine = err && !strncmp(err->message, cases[i].message, strlen(cases[i].message));

	if (!fine)
		printf("%s\n  expected %s\n  got      %s\n", cases[i].text, cases[i].message,
		       err ? err->message : "no error");
	err_free(err);
	def_free(set);
	return fine;
}

/* The documents of one file count as files, each with its own goroutine ids. */
static bool documents_differ(void)
{
	static const char text[] = "goid: none\n" HEAD PROBE VARIANT "---\n" HEAD "- name: y\n"
				   "  at: return\n  doc: e\n  stability: stable\n" VARIANT;
	static const char wide[] = "goid: none\n" HEAD PROBE "  args: [{name: a, type: string}, "
				   "{name: b, type: error}, {name: c, type: '[]int'}, "
				   "{name: d, type: any}, {name: e, type: string}, "
				   "{name: f, type: string}]\n  variants: [{func: a/b.c.F, "
				   "signature: func(), values: [~, ~, ~, ~, ~, ~]}]\n";
	struct def_set *set = mem_zalloc(sizeof(*set));
	struct err *err = def_load_text(set, "f", text, strlen(text));
	bool fine = !err && set->nprobes == 2 && set->probes[0].no_goid &&
		    !set->probes[1].no_goid && set->probes[1].line == 12;

	if (!err)
		err = def_load_text(set, "g", wide, strlen(wide)); /* 12 words */
	if (!fine || err)
		printf("documents: %s\n", err ? err->message : "wrong set");
	fine = fine && !err;
	err_free(err);
	def_free(set);
	return fine;
}

static bool second_file_replaces(void)
{
	static const char first[] = HEAD PROBE VARIANT "- name: a\n  at: return\n  doc: e\n"
				    "  stability: stable\n" VARIANT;
	static const char second[] = HEAD "- name: x\n  at: return\n  doc: new\n"
				     "  stability: experimental\n" VARIANT;
	struct def_set *set = mem_zalloc(sizeof(*set));
	struct err *err = def_load_text(set, "f", first, strlen(first));

	if (!err)
		err = def_load_text(set, "g", second, strlen(second));

	bool fine = !err && set->nprobes == 2 && !strcmp(set->probes[0].name, "a") &&
		    !strcmp(set->probes[1].doc, "new") &&
		    !strcmp(set->probes[1].provider, "a_b_c") &&
		    !strcmp(set->probes[1].file, "g");

	if (!fine)
		printf("second file: %s\n", err ? err->message : "wrong set");
	err_free(err);
	def_free(set);
	return fine;
}

int main(void)
{
	int failures = !second_file_replaces() + !documents_differ();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		failures += !refused_rightly(i);
	return failures != 0;
}
