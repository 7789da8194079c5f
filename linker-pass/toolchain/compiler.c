/* SPDX-License-Identifier: MIT */
/* The patched compiler out of the cache; it is built when it is missing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "toolchain/build.h"
#include "toolchain/cache.h"
#include "toolchain/patches.h"
#include "toolchain/toolchain.h"

enum { FIRST_PAGE = 4096, MAX_VERSION = 64 };

/* Everything about one compiler, owned. */
struct wanted {
	char *compile; /* the original */
	char *goroot, *host;
	char *version; /* "go1.26.8" */
	const struct embed_file *patch;
	char *folder;  /* in the cache */
	char *made;    /* FOLDER/compile */
	char *refused; /* FOLDER/refused */
};

static void forget(struct wanted *want)
{
	free(want->compile);
	free(want->goroot);
	free(want->host);
	free(want->version);
	free(want->folder);
	free(want->made);
	free(want->refused);
}

/* Cuts the last component off a path and returns it; NULL when there is none. */
static char *cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = 0;
	return slash + 1;
}

/* GOROOT/pkg/tool/HOST/compile, where GOROOT has sources. */
static bool split_path(const char *compile, struct wanted *want)
{
	char *path = mem_strdup(compile), *name = cut_last(path), *host = cut_last(path);
	char *tool = cut_last(path), *pkg = cut_last(path);
	char *sources = mem_printf("%s/src/cmd/compile", path);
	bool fits = name && host && tool && pkg && strchr(host, '_') && !strcmp(tool, "tool") &&
		    !strcmp(pkg, "pkg") && access(sources, F_OK) == 0;

	if (fits) {
		want->host = mem_strdup(host);
		want->goroot = mem_strdup(path);
	}
	free(sources);
	free(path);
	return fits;
}

static struct err *find_goroot(const char *compile, struct wanted *want)
{
	char *real = realpath(compile, NULL);
	bool found = real && (split_path(compile, want) || split_path(real, want));

	want->compile = mem_strdup(compile);
	free(real);
	if (!found)
		return err_new("%s: not GOROOT/pkg/tool/OS_ARCH/compile of a Go installation with "
			       "sources (its package may be called golang-src)", compile);
	return NULL;
}

/* Go's version: the first line of GOROOT/VERSION, or of what its own build left there. */
static struct err *find_version(const char *version, struct wanted *want)
{
	static const char *const files[] = { "VERSION", "VERSION.cache" };
	struct buf text = { 0 };

	for (int i = 0; !version && !text.len && i < 2; i++) {
		char *path = mem_printf("%s/%s", want->goroot, files[i]);

		err_free(cache_read(path, &text));
		free(path);
	}
	buf_u8(&text, 0);
	want->version = mem_strdup(version ? version : (const char *)text.data);
	/* Behind a release stand experiments, "go1.26.8 X:...", which the compiler takes from its
	 * environment. */
	want->version[strcspn(want->version, strncmp(want->version, "go", 2) ? "\n" : " \n")] = 0;
	buf_free(&text);
	if (!toolchain_minor(want->version))
		return err_new("%s: \"%.40s\" is no version of Go that is known", want->goroot,
			       want->version);
	return NULL;
}

static struct err *find_patch(struct wanted *want)
{
	want->patch = patches_for(toolchain_minor(want->version));
	if (!want->patch)
		return err_new("there is no compiler patch for %s: Go 1.%d is the oldest",
			       want->version, PATCHES_OLDEST);
	return NULL;
}

/* The size and first page of the original, which has Go's build id in it. */
static struct err *identify(const struct wanted *want, struct buf *out)
{
	int fd = open(want->compile, O_RDONLY | O_CLOEXEC);
	uint8_t page[FIRST_PAGE];
	struct stat stat;
	ssize_t n = fd < 0 || fstat(fd, &stat) < 0 ? -1 : read(fd, page, sizeof(page));
	struct err *err = n < 0 ? err_sys(errno, "%s", want->compile) : NULL;

	if (fd >= 0)
		close(fd);
	if (!err) {
		buf_u64(out, (uint64_t)stat.st_size);
		buf_put(out, page, (size_t)n);
	}
	return err;
}

static struct err *find_folder(struct wanted *want)
{
	char digest[CACHE_DIGEST + 1], plain[MAX_VERSION] = "";
	struct buf original = { 0 };

	TRY(identify(want, &original));

	struct cache_piece pieces[] = {
		{ want->version, strlen(want->version) },
		{ want->patch->text, want->patch->len },
		{ original.data, original.len },
	};

	cache_digest(pieces, 3, digest);
	buf_free(&original);
	for (size_t i = 0; i < MAX_VERSION - 1 && want->version[i]; i++)
		plain[i] = strchr(" /", want->version[i]) ? '_' : want->version[i];

	char *name = mem_printf("compile/%s-%s", plain, digest);
	struct err *err = cache_folder(name, &want->folder);

	free(name);
	if (!err) {
		want->made = mem_printf("%s/compile", want->folder);
		want->refused = mem_printf("%s/refused", want->folder);
	}
	return err;
}

/* What is known already: true with the compiler's path, or with the reason why there is none. */
static bool look_up(const struct wanted *want, char **path_ret, struct err **err_ret)
{
	struct buf reason = { 0 };

	if (access(want->made, X_OK) == 0) {
		*path_ret = mem_strdup(want->made);
		return true;
	}
	if (access(want->refused, F_OK) < 0)
		return false;

	struct err *err = cache_read(want->refused, &reason);

	if (!err) {
		buf_u8(&reason, 0);
		err = err_new("%s (tried before; remove %s to try again)",
			      (const char *)reason.data, want->refused);
	}
	buf_free(&reason);
	*err_ret = err;
	return true;
}

/* With the lock held. What a killed build left is removed first. */
static struct err *build(const struct wanted *want, char **path_ret)
{
	char *work = mem_printf("%s/build", want->folder);
	char *built = mem_printf("%s/compile", work);
	bool lasting;

	cache_remove(work);

	struct err *err = build_compiler(&(struct build){
		.goroot = want->goroot,
		.host = want->host,
		.compile = want->compile,
		.version = want->version,
		.patch = want->patch,
		.folder = work,
	}, &lasting);

	if (err && lasting)
		err_free(cache_replace(want->refused, err->message, strlen(err->message)));
	if (!err && rename(built, want->made) < 0)
		err = err_sys(errno, "%s", want->made);
	if (!err)
		*path_ret = mem_strdup(want->made);
	cache_remove(work);
	free(built);
	free(work);
	return err;
}

/* On a file system mounted noexec a compiler would be built each time anew, for nothing. */
static struct err *check_can_run(const char *folder)
{
	struct statvfs fs;

	if (!statvfs(folder, &fs) && fs.f_flag & ST_NOEXEC)
		return err_new("%s: no program can run there (mounted noexec): set "
			       "GOPROBES_CACHE to another folder", folder);
	return NULL;
}

static struct err *look_up_or_build(const struct wanted *want, toolchain_notice_fn *notice,
				    char **path_ret)
{
	struct err *err = NULL;
	int lock;

	if (look_up(want, path_ret, &err))
		return err;
	TRY(check_can_run(want->folder));
	TRY(cache_lock(want->folder, &lock));
	if (!look_up(want, path_ret, &err)) { /* nobody built it while we waited */
		char *line = mem_printf("building the compiler of %s with in-place sites; this "
					"is done once and takes about a minute", want->version);

		if (notice)
			notice(line);
		free(line);
		err = build(want, path_ret);
	}
	close(lock);
	return err;
}

struct err *toolchain_compiler(const char *compile, const char *version,
			       toolchain_notice_fn *notice, char **path_ret)
{
	struct wanted want = { 0 };
	struct err *err = find_goroot(compile, &want);

	if (!err)
		err = find_version(version, &want);
	if (!err)
		err = find_patch(&want);
	if (!err)
		err = find_folder(&want);
	if (!err)
		err = look_up_or_build(&want, notice, path_ret);
	forget(&want);
	return err;
}
