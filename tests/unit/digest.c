/* SPDX-License-Identifier: MIT */
/* The digest of definitions: it depends on what they say, not on where they are; and the
 * modules of a go command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/source.h"

#define GO "package p\n\n//probes:entry x a\nfunc F(a int) {}\n"
#define YAML "probes: [{name: y, at: entry, func: F}]\n"

static int failures;

static void check(bool fine, const char *what)
{
	if (!fine) {
		printf("wrong: %s\n", what);
		failures++;
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", dir, name);
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
	free(path);
}

/* The digest of a module with this source and definition file, in a folder of its own. */
static char *digest(const char *dir, const char *go, const char *yaml)
{
	struct def_set *set = mem_zalloc(sizeof(*set));
	char *text = mem_zalloc(DEF_DIGEST_SIZE);

	mkdir(dir, 0777);
	put(dir, "go.mod", "module example.com/p\n");
	put(dir, "p.go", go);
	put(dir, SOURCE_FILE, yaml);

	struct err *err = source_load(set, dir);

	check(!err && set->nprobes == 2, err ? err->message : "two probes");
	err_free(err);
	def_digest(set, text);
	def_free(set);
	return text;
}

static void compare(const char *go, const char *yaml, bool same, const char *what)
{
	char *first = digest("a", GO, YAML), *second = digest("b", go, yaml);

	check(!strcmp(first, second) == same && strlen(first) == DEF_DIGEST_SIZE - 1, what);
	free(first);
	free(second);
}

/* The modules that a go command in `dir` works with, with spaces between. */
static void modules(const char *dir, const char *want)
{
	char **roots = NULL, *got = mem_strdup("");
	size_t n = 0;
	struct err *err = source_modules(dir, &roots, &n);

	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(roots[i], '/');
		char *more = mem_printf("%s%s ", got, slash ? slash + 1 : roots[i]);

		free(got);
		got = more;
	}
	check(!err && !strcmp(got, want), want);
	err_free(err);
	free(got);
	source_modules_free(roots, n);
}

int main(void)
{
	char dir[] = "/tmp/digest.XXXXXX";
	char *remove;

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	compare(GO, YAML, true, "equal texts elsewhere");
	compare(GO "\nfunc G() {}\n", YAML, true, "source without a directive");
	compare("package p\n\n//probes:entry x b=a\nfunc F(a int) {}\n", YAML, false,
		"an argument");
	compare("package p\n\n//probes:return x a\nfunc F(a int) {}\n", YAML, false, "a return");
	compare("package p\n\n//probes:entry x a\nfunc H(a int) {}\n", YAML, false, "a function");
	compare("package main\n\n//probes:entry x a\nfunc F(a int) {}\n", YAML, false, "a program");
	compare("package p\n\n//probes:noinline\n//probes:entry x a\nfunc F(a int) {}\n", YAML,
		false, "noinline");
	compare("package p //probes:provider q\n\n//probes:entry x a\nfunc F(a int) {}\n", YAML,
		false, "a provider");
	compare(GO, "probes: [{name: y, at: return, func: F}]\n", false, "a definition file");

	unsetenv("GOWORK");
	modules("a", "a ");
	modules(".", "");
	put(".", "go.work", "go 1.21 // use c\nuse ./a\nuse ( // more\n\t\"./b\"\n)\n"
	    "replace (\n\tx => ./c\n)\n");
	modules("a", "a b ");
	modules(".", "a b ");
	setenv("GOWORK", "off", 1);
	modules("b", "b ");
	put("a", "other.work", "use .\n");
	setenv("GOWORK", "a/other.work", 1);
	modules(".", "a ");
	remove = mem_printf("rm -rf %s", dir);
	check(!system(remove), "clean up");
	free(remove);
	return failures ? 1 : 0;
}
