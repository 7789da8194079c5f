/* SPDX-License-Identifier: MIT */
/*
 * The injection of one program, from its file to the proven new one: what `probes inject`,
 * the pass in the Go toolchain and images have in common.
 *
 *	struct injection_settings set = { 0 };
 *
 *	injection_option(&set, &spec, id, value), for each option of INJECTION_OPTIONS
 *	TRY(injection_load(&set));
 *	err = injection_run(&set, &(struct injection_files){ .input = path }, &injection);
 *	... injection.report ...
 *	injection_free(&injection);
 *	injection_settings_free(&set);
 */
#ifndef TOOLS_INJECTION_H
#define TOOLS_INJECTION_H

#include <stdbool.h>

#include "elf/meta.h"
#include "options.h"
#include "patch/write.h"
#include "report.h"

#define INJECTION_MAX_GIVEN 64

enum { INJECTION_OPT_STRICT = 512, INJECTION_OPT_EVERY };

/* Entries for a command's option table. */
#define INJECTION_OPTIONS \
	{ 'p', "probe", "PATTERN", "inject only probes that match provider:name, with globs;\n" \
	  "may be given again" }, \
	{ 'd', "definitions", "FILE|DIR", "add the definitions of a YAML file, or those of the\n" \
	  "Go module in a folder; may be given again" }, \
	{ INJECTION_OPT_STRICT, "strict", NULL, \
	  "exit with 4 when a probe of the program is refused" }, \
	{ INJECTION_OPT_EVERY, "every-function", NULL, "test option: a site at the entry and " \
	  "all returns of\nevery function where one is possible" }

/* What to inject, and how. Zeroed is the default. */
struct injection_settings {
	const char *patterns[INJECTION_MAX_GIVEN]; /* borrowed, as all that is given */
	int npatterns;
	const char *files[INJECTION_MAX_GIVEN];
	int nfiles;
	char *const *modules; /* folders of Go modules whose own definitions belong to it */
	size_t nmodules;
	enum plan_mode mode;
	bool in_place; /* with PLAN_DETOUR: the compiler was to leave nops; for the record */
	bool strict, every;
	bool digests; /* work out the report's digests */
	bool unsynced; /* do not wait for the disk: the file is a part of a build */

	/* Made by injection_load(), owned. */
	char *record; /* how inject was called, for META_HEADER */
	struct def_set *defs;
	bool *selected;
};

/* Takes an option of INJECTION_OPTIONS. EXIT_DONE, or the exit code of a wrong value. */
int injection_option(struct injection_settings *set, const struct command_spec *spec, int id,
		     const char *value);

/*
 * Loads the definitions and selects those that the patterns ask for. Errors: a definition
 * that is wrong, with file:line:column; no probe matches (EXIT_NO_MATCH).
 */
struct err *injection_load(struct injection_settings *set);
void injection_settings_free(struct injection_settings *set);

struct injection_files {
	const char *input;
	const char *output; /* NULL: the input is replaced */
	const char *debug;  /* another link of the same program, for its DWARF; or NULL */
	const char *build_id; /* the Go build id that go is going to finish, or NULL */
};

/* Everything known about one program, freed together. */
struct injection {
	struct image *given;    /* the file as it is */
	struct meta *meta;      /* NULL unless it was injected before */
	struct image *original; /* what was given, or what it was before */
	struct image *debug;    /* where DWARF comes from, when that is another file */
	struct gobin *gobin;
	struct godwarf *dwarf;
	struct bound_set *bound;
	struct plan *plan;
	struct output *output;
	struct newfile file;
	bool writing; /* file is to be committed or aborted */
	bool wrong_definition; /* an error is that of a definition, not of the program */
	struct report_file report;
};

/*
 * Injects one program. The output takes its place in one step, after it was proven; nothing
 * has changed after an error: not a program that can be injected, no chosen probe fits
 * (EXIT_NO_MATCH), the file cannot be written. The caller gives *injection_ret, also after
 * an error, to injection_free(); it borrows `set` and `files`' strings.
 */
struct err *injection_run(const struct injection_settings *set,
			  const struct injection_files *files, struct injection *injection_ret);
void injection_free(struct injection *injection);

#endif
