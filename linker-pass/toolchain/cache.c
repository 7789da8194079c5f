/* SPDX-License-Identifier: MIT */
/* The user's cache folder. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "toolchain/cache.h"

/* Relative paths do not count: XDG Base Directory Specification, "Basics". */
static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

/* Makes all folders of a path up to its last slash. */
static struct err *make_parents(const char *path, mode_t mode)
{
	char *copy = mem_strdup(path);
	struct err *err = NULL;

	for (char *slash = strchr(copy + 1, '/'); slash && !err; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			err = err_sys(errno, "%s: cannot make the folder", copy);
		*slash = '/';
	}
	free(copy);
	return err;
}

/* The folder of the cache itself, or NULL. */
static char *cache_root(void)
{
	const char *own = absolute_env("GOPROBES_CACHE"), *xdg = absolute_env("XDG_CACHE_HOME");
	const char *home = absolute_env("HOME");

	if (own)
		return mem_strdup(own);
	if (xdg)
		return mem_printf("%s/goprobes", xdg);
	return home ? mem_printf("%s/.cache/goprobes", home) : NULL;
}

/* Others must not be able to put a compiler of theirs there: a folder is ours, root's, or of
 * whom the folder around it belongs to, and not for all to rename things in. */
static struct err *check_owner(const char *path)
{
	char *around = mem_printf("%s/..", path);
	struct stat st, above;
	struct err *err = NULL;

	if (stat(path, &st) < 0 || stat(around, &above) < 0)
		err = err_sys(errno, "%s", path);
	else if (st.st_uid && st.st_uid != geteuid() && st.st_uid != above.st_uid)
		err = err_new("%s belongs to another user: name a folder of your own", path);
	else if (st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX))
		err = err_new("everybody can write to %s: take that right away, or name another "
			      "folder", path);
	free(around);
	return err;
}

/* The folder `root` and all below it down to `path`. */
static struct err *check_owners(const char *path, size_t root)
{
	char *copy = mem_strdup(path);
	struct err *err = NULL;

	for (size_t at = root; !err; at += 1 + strcspn(copy + at + 1, "/")) {
		char next = copy[at];

		copy[at] = 0;
		err = check_owner(copy);
		copy[at] = next;
		if (!next)
			break;
	}
	free(copy);
	return err;
}

struct err *cache_folder(const char *name, char **path_ret)
{
	char *root = cache_root(), *path;

	if (!root)
		return err_new("there is no HOME: set GOPROBES_CACHE to a folder for what "
			       "probes keeps (an absolute path)");
	path = mem_printf("%s/%s/", root, name);

	struct err *err = strchr(root, '\n') ? err_new("a newline is in its path")
					     : make_parents(path, 0700);

	path[strlen(path) - 1] = 0;
	if (!err)
		err = check_owners(path, strlen(root));
	free(root);
	if (!err)
		*path_ret = path;
	else
		free(path);
	return err_prefix(err, "the cache (GOPROBES_CACHE)");
}

struct err *cache_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int errnum = fd < 0 ? errno : buf_read(out, fd, SIZE_MAX - 1);
	struct err *err = errnum ? err_sys(errnum, "%s", path) : NULL;

	if (fd >= 0)
		close(fd);
	return err;
}

struct err *cache_write(const char *path, const void *bytes, size_t len)
{
	TRY(make_parents(path, 0700));

	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *pos = bytes, *end = pos + len;
	ssize_t n = 0;

	while (fd >= 0 && pos < end && (n = write(fd, pos, (size_t)(end - pos))) >= 0)
		pos += n;

	int failed = fd < 0 || n < 0 || fsync(fd) < 0 ? errno : 0;

	if (fd >= 0 && close(fd) < 0 && !failed)
		failed = errno;
	return failed ? err_sys(failed, "%s", path) : NULL;
}

struct err *cache_replace(const char *path, const void *bytes, size_t len)
{
	char *temp = mem_printf("%s.%ld~", path, (long)getpid());
	struct err *err = cache_write(temp, bytes, len);

	if (!err && rename(temp, path) < 0)
		err = err_sys(errno, "%s", path);
	if (err)
		unlink(temp);
	free(temp);
	return err;
}

struct err *cache_lock(const char *folder, int *fd_ret)
{
	char *path = mem_printf("%s/lock", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), got = -1;

	while (fd >= 0 && (got = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
		continue;

	struct err *err = got < 0 ? err_sys(errno, "%s: cannot take the lock", path) : NULL;

	if (!err)
		*fd_ret = fd;
	else if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	(void)stat;
	(void)kind;
	(void)ftw;
	remove(path);
	return 0;
}

void cache_remove(const char *folder)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void cache_digest(const struct cache_piece *pieces, size_t n, char digest_ret[CACHE_DIGEST + 1])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	for (size_t i = 0; i < n; i++) {
		uint64_t len = pieces[i].len;

		SHA256Update(&context, (const uint8_t *)&len, sizeof(len));
		SHA256Update(&context, pieces[i].bytes, pieces[i].len);
	}
	SHA256Final(hash, &context);
	for (size_t i = 0; i < CACHE_DIGEST / 2; i++)
		sprintf(digest_ret + 2 * i, "%02x", hash[i]);
}
