/* SPDX-License-Identifier: MIT */
/*
 * Mode inline: the compiler that leaves nops where probes stand. What is worked out when go
 * asks the compiler for its version is left for the hundreds of calls that follow in a file
 * of the cache folder, runs/DIGEST, which belongs to one go command. Its lines:
 *
 *	COMPILER    path of the patched one; or empty
 *	SITES       path of the list of functions; or why there is no compiler
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "toolchain/cache.h"
#include "toolchain/toolchain.h"
#include "toolexec.h"
#include "toolexec_run.h"

enum { OLD = 3 * 24 * 60 * 60 }; /* seconds; no build takes that long */

struct in_place {
	char *compiler; /* NULL when it cannot be had */
	char *sites;    /* or why not */
};

static void in_place_free(struct in_place *place)
{
	free(place->compiler);
	free(place->sites);
}

static struct cache_piece piece(const char *text)
{
	return (struct cache_piece){ text, strlen(text) };
}

/* What this go command's file is called. */
static struct err *run_file(const struct toolexec *set, char **path_ret)
{
	struct go_command go = toolexec_go();
	char who[64], where[64], name[CACHE_DIGEST + 1], *folder = NULL;
	struct cache_piece texts[INJECTION_MAX_GIVEN * 2 + 6];
	const char *slash = strrchr(set->tool[0], '/');
	char *tools = mem_strndup(set->tool[0], slash ? (size_t)(slash - set->tool[0]) : 0);
	struct stat st;
	size_t n = 0;

	snprintf(who, sizeof(who), "%d %llu", go.pid, go.started);
	snprintf(where, sizeof(where), "%llu",
		 stat("/proc/self/ns/pid", &st) ? 0ull : (unsigned long long)st.st_ino);
	texts[n++] = piece(who);
	texts[n++] = piece(where);
	texts[n++] = piece(tools);
	texts[n++] = piece(set->module ? set->module : "");
	texts[n++] = piece(set->no_own ? "no own" : "");
	for (int i = 0; i < set->how.npatterns; i++)
		texts[n++] = piece(set->how.patterns[i]);
	texts[n++] = piece("-d");
	for (int i = 0; i < set->how.nfiles; i++)
		texts[n++] = piece(set->how.files[i]);
	cache_digest(texts, n, name);
	free(go.folder);
	free(tools);
	TRY(cache_folder("runs", &folder));
	*path_ret = mem_printf("%s/%s", folder, name);
	free(folder);
	return NULL;
}

static void remove_old(const char *path)
{
	char *folder = mem_strndup(path, (size_t)(strrchr(path, '/') - path));
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (!fstatat(dirfd(dir), entry->d_name, &st, 0) && S_ISREG(st.st_mode) &&
		    time(NULL) - st.st_mtime > OLD)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	free(folder);
}

static bool read_run(const char *path, struct in_place *place_ret)
{
	struct buf text = { 0 };
	struct err *err = cache_read(path, &text);
	char *line, *second = NULL;

	buf_u8(&text, 0);
	line = (char *)text.data;
	if (!err)
		second = strchr(line, '\n');
	err_free(err);
	if (second) {
		*second++ = '\0';
		second[strcspn(second, "\n")] = '\0';
		place_ret->compiler = *line ? mem_strdup(line) : NULL;
		place_ret->sites = mem_strdup(second);
	}
	buf_free(&text);
	return second;
}

/* The compiler that is at `compile` says "compile version go1.26.8 ...". */
static char *version_of(const char *compile)
{
	char *argv[] = { (char *)(uintptr_t)compile, (char *)(uintptr_t)"-V=full", NULL };
	char *line = NULL, *version = NULL;

	if (!toolexec_run(argv, &line, true)) {
		const char *at = strstr(line, " version ");

		if (at) {
			at += strlen(" version ");
			version = mem_strndup(at, strcspn(at, "\n"));
		}
	}
	free(line);
	return version;
}

static void tell(const char *line)
{
	fprintf(stderr, "probes: %s\n", line);
}

/* Finds or makes the compiler and the list of functions. */
static struct err *make_in_place(struct toolexec *set, struct in_place *place)
{
	char *version = version_of(set->tool[0]), *text;
	struct err *err = toolchain_compiler(set->tool[0], version, tell, &place->compiler);

	if (!err) {
		text = toolchain_sites(set->how.defs, set->how.selected,
				       toolchain_minor(version ? version : ""));
		err = toolchain_sites_file(text, &place->sites);
		free(text);
	}
	free(version);
	return err;
}

/* What is known of this go command's build; else it is worked out, and kept. */
static struct err *find_in_place(struct toolexec *set, bool anew, struct in_place *place)
{
	char *path = NULL;

	*place = (struct in_place){ 0 };

	struct err *why = run_file(set, &path), *err = NULL;

	if (!why && !anew && read_run(path, place)) {
		free(path);
		return NULL;
	}
	if (!set->how.defs)
		err = toolexec_load(set);
	if (!err && !why)
		why = make_in_place(set, place);
	if (!err && why) {
		free(place->compiler);
		*place = (struct in_place){ .sites = mem_strdup(why->message) };
	}
	if (!err && path) {
		char *text = mem_printf("%s\n%s\n", place->compiler ? place->compiler : "",
					place->sites);

		remove_old(path);
		err_free(cache_replace(path, text, strlen(text)));
		free(text);
	}
	err_free(why);
	free(path);
	return err;
}

/* Both files are named after what is in them, or what it was made of. */
static void digest_of(const struct in_place *place, char digest_ret[CACHE_DIGEST + 1])
{
	const char *name = strrchr(place->sites, '/');
	char *folder = mem_strndup(place->compiler,
				   (size_t)(strrchr(place->compiler, '/') - place->compiler));
	const char *compiler = strrchr(folder, '/');
	struct cache_piece texts[] = { piece(name ? name : place->sites),
				       piece(compiler ? compiler : folder) };

	cache_digest(texts, 2, digest_ret);
	free(folder);
}

static int run_compiler(struct toolexec *set, const struct in_place *place)
{
	if (!place->compiler)
		return toolexec_become(set->tool);
	setenv("GOPROBES_SITES", place->sites, 1);
	set->tool[0] = place->compiler;
	return toolexec_become(set->tool);
}

int toolexec_compile(struct toolexec *set)
{
	bool asked = toolexec_asked_version(set);
	struct in_place place;
	char digest[CACHE_DIGEST + 1];

	if (!toolexec_known_target())
		return toolexec_become(set->tool);

	int code = cmd_report(find_in_place(set, asked, &place));

	if (!code && asked && place.compiler) {
		digest_of(&place, digest);
		code = toolexec_answer(set, digest);
	} else if (!code) {
		code = run_compiler(set, &place);
	}
	in_place_free(&place);
	return code;
}

char *toolexec_not_in_place(struct toolexec *set)
{
	const char *link = set->tool[0], *slash = strrchr(link, '/');
	char *compile = mem_printf("%.*scompile", slash ? (int)(slash + 1 - link) : 0, link);
	char *argv[] = { compile, NULL }, **tool = set->tool, *why = NULL;
	struct in_place place;
	struct err *err;

	set->tool = argv;
	err = find_in_place(set, false, &place);
	set->tool = tool;
	if (err)
		why = mem_strdup(err->message);
	else if (!place.compiler)
		why = mem_strdup(place.sites);
	err_free(err);
	in_place_free(&place);
	free(compile);
	return why;
}

int toolexec_prepare(const char *go)
{
	char *argv[] = { (char *)(uintptr_t)go, (char *)(uintptr_t)"env",
			 (char *)(uintptr_t)"GOTOOLDIR", NULL };
	char *folder = NULL, *compile, *path = NULL;
	int code = toolexec_run(argv, &folder, false);

	if (code) {
		free(folder);
		return EXIT_FAILED;
	}
	folder[strcspn(folder, "\n")] = '\0';
	compile = mem_printf("%s/compile", folder);
	code = cmd_report(toolchain_compiler(compile, NULL, tell, &path));
	if (!code)
		puts(path);
	free(path);
	free(compile);
	free(folder);
	return code;
}
