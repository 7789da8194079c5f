/* SPDX-License-Identifier: MIT */
/* Looks through /proc for the processes of a file. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "live/runners.h"
#include "tracer/mapped.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static void add_runner(struct runners *runners, const char *pid)
{
	char *link = mem_printf("/proc/%s/exe", pid), target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	size_t name = strlen(runners->path);
	struct stat st;

	if (len < 0) {
		runners->hidden += errno == EACCES || errno == EPERM;
	} else if (!stat(link, &st)) {
		target[len] = '\0';
		if (is_same(&st, &runners->file))
			buf_printf(&runners->same, "%s%s", runners->nsame++ ? ", " : "", pid);
		else if (!strncmp(target, runners->path, name) &&
			 !strcmp(target + name, " (deleted)"))
			buf_printf(&runners->older, "%s%s", runners->nolder++ ? ", " : "", pid);
	}
	free(link);
}

bool runners_read(const char *path, struct runners *runners_ret)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	*runners_ret = (struct runners){ .path = realpath(path, NULL) };
	bool found = proc && runners_ret->path && !stat(runners_ret->path, &runners_ret->file);

	while (found && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			add_runner(runners_ret, entry->d_name);
	if (proc)
		closedir(proc);
	buf_u8(&runners_ret->same, 0);
	buf_u8(&runners_ret->older, 0);
	return found;
}

void runners_free(struct runners *runners)
{
	buf_free(&runners->same);
	buf_free(&runners->older);
	free(runners->path);
}

bool runners_maps(int pid, const char *path)
{
	struct mapped_file *files;
	struct stat wanted, have;
	size_t n = 0;
	struct err *err = mapped_files(pid, &files, &n);
	bool found = err || stat(path, &wanted);

	for (size_t i = 0; i < n && !found; i++)
		found = !stat(files[i].open_path, &have) && is_same(&have, &wanted);
	if (!err)
		mapped_free(files, n);
	err_free(err);
	return found;
}
