/* SPDX-License-Identifier: MIT */
/* Builds a patched compiler with `go build -overlay`. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "toolchain/build.h"
#include "toolchain/cache.h"
#include "toolchain/run.h"
#include "toolchain/udiff.h"

enum { MAX_ENV = 24 };

/* One file of the patch: its new text goes into the folder, and its place into the overlay. */
static struct err *patch_file(const struct build *build, const struct udiff *diff,
			      const struct udiff_file *file, cJSON *overlay, bool *lasting_ret)
{
	char *from = mem_printf("%s/%s", build->goroot, file->path);
	char *to = mem_printf("%s/%s", build->folder, file->path);
	struct buf old = { 0 }, new = { 0 };
	struct err *err = file->added ? NULL : cache_read(from, &old);

	err = err_prefix(err, "Go's own sources are needed");
	if (!err && file->added && access(from, F_OK) == 0) {
		err = err_new("%s is there already: this Go has another version of the patch",
			      from);
		*lasting_ret = true;
	}
	if (!err) {
		err = udiff_apply(diff, file, old.data ? (const char *)old.data : "", old.len,
				  &new);
		*lasting_ret = err;
	}
	if (!err)
		err = cache_write(to, new.data, new.len);
	cJSON_AddStringToObject(overlay, from, to);
	buf_free(&old);
	buf_free(&new);
	free(from);
	free(to);
	return err;
}

static struct err *apply_patch(const struct build *build, const struct udiff *diff,
			       char **overlay_ret, bool *lasting_ret)
{
	cJSON *document = cJSON_CreateObject();
	cJSON *overlay = cJSON_AddObjectToObject(document, "Replace");
	struct err *err = NULL;

	for (size_t i = 0; !err && i < diff->nfiles; i++)
		err = patch_file(build, diff, &diff->files[i], overlay, lasting_ret);

	char *text = cJSON_Print(document);
	char *path = mem_printf("%s/overlay.json", build->folder);

	if (!err)
		err = cache_write(path, text, strlen(text));
	cJSON_free(text);
	cJSON_Delete(document);
	if (!err)
		*overlay_ret = path;
	else
		free(path);
	return err;
}

/* Whether the bytes are somewhere in the file. */
static bool file_has(const char *path, const char *bytes)
{
	struct buf text = { 0 };
	struct err *err = cache_read(path, &text);
	bool found = !err && text.len && memmem(text.data, text.len, bytes, strlen(bytes));

	err_free(err);
	buf_free(&text);
	return found;
}

/* Whether Go was built with this very patch, as apply.sh does: all files that it adds are
 * there, but for the list, which is made to be changed. */
static bool patched_already(const struct build *build, const struct udiff *diff)
{
	size_t same = 0;

	for (size_t i = 0; i < diff->nfiles; i++) {
		const struct udiff_file *file = &diff->files[i];
		char *path = mem_printf("%s/%s", build->goroot, file->path);
		struct buf text = { 0 };

		if (file->added && file->nhunks && !strstr(file->path, "_list.go")) {
			const struct buf *want = &file->hunks[0].new;
			struct err *err = cache_read(path, &text);

			if (err || text.len != want->len || memcmp(text.data, want->data, text.len))
				same = diff->nfiles;
			err_free(err);
			same++;
		}
		buf_free(&text);
		free(path);
	}
	return same && same < diff->nfiles && file_has(build->compile, "GOPROBES_SITES");
}

/* A variable as it is here; nothing when it is not set. */
static void keep(char **env, size_t *n, const char *name)
{
	const char *value = getenv(name);

	if (value)
		env[(*n)++] = mem_printf("%s=%s", name, value);
}

/*
 * The environment of the build: what says where things are, and nothing that could turn it into
 * another build. The go command hands its own settings, such as GOOS and GOFLAGS (with -toolexec
 * in it), to the programs it runs, and we are one of them.
 */
static void make_env(const struct build *build, char *env[MAX_ENV])
{
	static const char *const kept[] = { "PATH", "HOME", "TMPDIR", "GOTMPDIR", "GOCACHE",
					    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOMAXPROCS",
					    "LD_LIBRARY_PATH" };
	static const char *const fixed[] = { "GOENV=off", "GOFLAGS=", "GOWORK=off",
					     "GOTOOLCHAIN=local", "GOPROXY=off", "GOEXPERIMENT=",
					     "GO111MODULE=", "CGO_ENABLED=0" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		keep(env, &n, kept[i]);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		env[n++] = mem_strdup(fixed[i]);

	const char *arch = strchr(build->host, '_');

	/* Go 1.27 replaces nothing below GOMODCACHE, where downloaded toolchains are. */
	env[n++] = mem_printf("GOMODCACHE=%s/modules", build->folder);
	env[n++] = mem_printf("GOROOT=%s", build->goroot);
	env[n++] = mem_printf("GOOS=%.*s", (int)(arch - build->host), build->host);
	env[n++] = mem_printf("GOARCH=%s", arch + 1);
	env[n] = NULL;
}

static void free_env(char **env)
{
	for (; *env; env++)
		free(*env);
}

/* A copy of the first line that the expression matches, or NULL. */
static char *line_with(const char *text, const char *expression)
{
	regex_t regex;
	regmatch_t match;
	char *line = NULL;

	if (regcomp(&regex, expression, REG_EXTENDED | REG_NEWLINE))
		return NULL;
	if (!regexec(&regex, text, 1, &match, 0)) {
		const char *start = text + match.rm_so;

		while (start > text && start[-1] != '\n')
			start--;
		line = mem_strndup(start, strcspn(start, "\n"));
	}
	regfree(&regex);
	return line;
}

/* A second try would fail likewise when the sources themselves are what Go complains about. */
static struct err *build_failed(const struct build *build, const struct ran *ran,
				bool *lasting_ret)
{
	const char *text = ran->output.data ? (const char *)ran->output.data : "";
	char *passing = line_with(text, "signal: |No space|no space|quota|[Cc]annot allocate|"
					"out of memory|too many open files");
	char *wrong = line_with(text, "\\.go:[0-9]+:[0-9]+: ");
	char *other = line_with(text, "^[^#].*$");
	struct err *err;

	*lasting_ret = wrong && !passing && !ran->signal;
	if (ran->signal)
		err = err_new("a signal (%d) ended the build of the compiler", ran->signal);
	else
		err = err_new("%s/bin/go build cmd/compile failed: %s", build->goroot,
			      passing ? passing
			      : wrong ? wrong
			      : other ? other
				      : "it says nothing");
	free(passing);
	free(wrong);
	free(other);
	return err;
}

static struct err *run_go(const struct build *build, char **env, const char *overlay,
			  bool *lasting_ret)
{
	char *go = mem_printf("%s/bin/go", build->goroot);
	char *with = mem_printf("-overlay=%s", overlay);
	char *argv[] = { go, "build", "-trimpath", with, "-o", "compile", "cmd/compile", NULL };
	struct run run = { .argv = argv, .env = env, .folder = build->folder };
	struct ran ran;
	struct err *err = run_program(&run, &ran);

	if (!err && (ran.signal || ran.exit_code))
		err = build_failed(build, &ran, lasting_ret);
	buf_free(&ran.output);
	free(go);
	free(with);
	return err;
}

/* "compile version go1.26.8", without what follows: a build id, for releases in the making. */
static struct err *read_version(const char *compile, char **env, char **line_ret)
{
	char *path = mem_strdup(compile);
	char *argv[] = { path, "-V=full", NULL };
	struct run run = { .argv = argv, .env = env };
	struct ran ran;
	struct err *err = run_program(&run, &ran);

	if (!err && (ran.signal || ran.exit_code || !ran.output.len))
		err = err_new("%s -V=full failed", compile);
	if (!err) {
		char *text = (char *)ran.output.data, *id = strstr(text, " buildID=");

		*line_ret = mem_strndup(text, id ? (size_t)(id - text) : strcspn(text, "\n"));
	}
	buf_free(&ran.output);
	free(path);
	return err;
}

/* The linker takes only objects that have the version of all others. */
static struct err *check_version(const struct build *build, char **env, const char *made,
				 bool *lasting_ret)
{
	char *want = NULL, *got = NULL;
	struct err *err = read_version(build->compile, env, &want);

	if (!err)
		err = read_version(made, env, &got);
	if (!err && strcmp(want, got)) {
		err = err_new("the compiler that was built says \"%s\" where Go's own says \"%s\"",
			      got, want);
		*lasting_ret = true;
	}
	free(want);
	free(got);
	return err;
}

static struct err *sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) < 0;

	if (fd >= 0)
		close(fd);
	return failed ? err_new("%s: cannot be written to the disk", path) : NULL;
}

static struct err *build_with(const struct build *build, const struct udiff *diff,
			      const char *made, bool *lasting_ret)
{
	char *env[MAX_ENV], *overlay = NULL;
	struct err *err = apply_patch(build, diff, &overlay, lasting_ret);

	make_env(build, env);
	if (!err)
		err = run_go(build, env, overlay, lasting_ret);
	if (!err)
		err = check_version(build, env, made, lasting_ret);
	if (!err)
		err = sync_file(made);
	free_env(env);
	free(overlay);
	return err;
}

/* The compiler is what it should be: the cache leads to it. */
static struct err *link_original(const struct build *build, const char *made)
{
	char *path = mem_printf("%s/overlay.json", build->folder);
	struct err *err = cache_write(path, "{}", 2); /* makes the folder */

	free(path);
	if (!err && symlink(build->compile, made) < 0)
		err = err_sys(errno, "%s", made);
	return err;
}

struct err *build_compiler(const struct build *build, bool *lasting_ret)
{
	const char *slash = strrchr(build->patch->name, '/');
	struct udiff *diff = NULL;
	struct err *err = udiff_parse(slash + 1, build->patch->text, build->patch->len, &diff);
	char *made = mem_printf("%s/compile", build->folder);

	*lasting_ret = err;
	if (!err && patched_already(build, diff))
		err = link_original(build, made);
	else if (!err)
		err = build_with(build, diff, made, lasting_ret);
	udiff_free(diff);
	free(made);
	return err;
}
