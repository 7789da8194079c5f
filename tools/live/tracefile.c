/* SPDX-License-Identifier: MIT */
/* Writes trace files, by way of a temporary one. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "live/tracefile.h"

struct sink {
	const char *path;
	int fd;
	gzFile gz; /* NULL = not compressed */
};

static bool is_gz(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && !strcmp(path + len - 3, ".gz");
}

/* Makes an empty temporary file beside path, whose name the caller owns. */
static struct err *make_temporary(const char *path, int *fd_ret, char **name_ret)
{
	char *name = mem_printf("%s.XXXXXX", path);
	int fd = mkstemp(name);

	if (fd < 0) {
		struct err *err = err_sys(errno, "cannot write %s", path);

		free(name);
		return err;
	}
	*fd_ret = fd;
	*name_ret = name;
	return NULL;
}

/* Devices, pipes and links stay what they are: these are written to themselves. */
static bool is_special(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !S_ISREG(st.st_mode);
}

static struct err *open_special(const char *path, int *fd_ret)
{
	*fd_ret = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return *fd_ret < 0 ? err_sys(errno, "cannot write %s", path) : NULL;
}

struct err *tracefile_check(const char *path)
{
	char *name;
	int fd;

	if (is_special(path)) {
		struct stat st;
		bool folder = !stat(path, &st) && S_ISDIR(st.st_mode);

		if (folder || (access(path, W_OK) && errno != ENOENT))
			return err_sys(folder ? EISDIR : errno, "cannot write %s", path);
		return NULL;
	}
	TRY(make_temporary(path, &fd, &name));
	close(fd);
	unlink(name);
	free(name);
	return NULL;
}

static struct err *put(const void *bytes, size_t len, void *context)
{
	struct sink *sink = context;
	const char *at = bytes;

	if (sink->gz) {
		if (gzwrite(sink->gz, bytes, (unsigned)len) == (int)len)
			return NULL;
		return err_sys(errno, "cannot write %s", sink->path);
	}
	while (len) {
		ssize_t n = write(sink->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot write %s", sink->path);
		at += n;
		len -= (size_t)n;
	}
	return NULL;
}

/* Closes the file, which may be what finds the disk full; `err` comes first. */
static struct err *close_sink(struct sink *sink, struct err *err)
{
	int failed = sink->gz ? gzclose(sink->gz) != Z_OK : close(sink->fd);

	if (failed && !err)
		return err_sys(errno, "cannot write %s", sink->path);
	return err;
}

struct err *tracefile_write(const char *path, struct chrome *chrome)
{
	struct sink sink = { .path = path };
	struct err *err;
	char *name = NULL;

	if (is_special(path))
		TRY(open_special(path, &sink.fd));
	else
		TRY(make_temporary(path, &sink.fd, &name));
	if (is_gz(path))
		sink.gz = gzdopen(sink.fd, "wb4");
	err = chrome_write(chrome, put, &sink);
	err = close_sink(&sink, err);
	if (!err && name && rename(name, path))
		err = err_sys(errno, "cannot write %s", path);
	if (err && name)
		unlink(name);
	free(name);
	return err;
}

char *tracefile_numbered(const char *path, unsigned number)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t stem = strlen(path) - (is_gz(path) ? 3 : 0);
	char *before = mem_strndup(path, stem);
	char *dot = strrchr(before + (base - path), '.');

	if (dot && dot > before + (base - path))
		stem = (size_t)(dot - before);
	free(before);
	return mem_printf("%.*s-%u%s", (int)stem, path, number, path + stem);
}
