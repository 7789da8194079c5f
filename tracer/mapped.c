/* SPDX-License-Identifier: MIT */
/* The files that a running process executes and maps. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tracer/mapped.h"

struct found {
	struct mapped_file *files;
	struct stat *ids; /* one a file */
	size_t n, files_cap, ids_cap;
};

static bool known_file(const struct found *found, const struct stat *st)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->ids[i].st_ino == st->st_ino && found->ids[i].st_dev == st->st_dev)
			return true;
	return false;
}

bool mapped_status(int pid, struct mapped_status *status_ret)
{
	char *name = mem_printf("/proc/%d/stat", pid), line[1024], *close;
	FILE *file = fopen(name, "re");
	/* The command in parentheses may hold anything. */
	bool known = file && fgets(line, sizeof(line), file) && (close = strrchr(line, ')')) &&
		     sscanf(close, ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
			    "%*d %*d %*d %*d %llu", &status_ret->state, &status_ret->parent,
			    &status_ret->started) == 3;

	if (file)
		fclose(file);
	free(name);
	return known;
}

/* Whether it has ended, but nobody has waited for it. */
static bool is_zombie(int pid)
{
	struct mapped_status status;

	return mapped_status(pid, &status) && (status.state == 'Z' || status.state == 'X');
}

/* Takes open_path and path. */
static void add_file(struct found *found, char *open_path, char *path, const struct stat *st)
{
	mem_grow(&found->files, found->n, &found->files_cap, sizeof(*found->files));
	mem_grow(&found->ids, found->n, &found->ids_cap, sizeof(*found->ids));
	found->files[found->n] = (struct mapped_file){ open_path, path };
	found->ids[found->n++] = *st;
}

static struct err *add_exe(struct found *found, int pid)
{
	char *link = mem_printf("/proc/%d/exe", pid), *folder = mem_printf("/proc/%d", pid);
	char target[PATH_MAX];
	struct err *err = NULL;
	struct stat st;
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len >= 0 && !stat(link, &st)) {
		target[len] = '\0';
		add_file(found, link, mem_strdup(target), &st);
		link = NULL;
	} else if (errno != ENOENT) {
		err = err_sys(errno, "process %d: cannot read its program%s", pid,
			      errno == EACCES || errno == EPERM ?
			      " (another user's takes CAP_SYS_PTRACE; name its file instead)" : "");
	} else if (is_zombie(pid)) {
		err = err_new("process %d: has ended", pid);
	} else if (!access(folder, F_OK)) {
		err = err_new("process %d: has no program file (a thread of the kernel)", pid);
	} else {
		err = err_new("process %d: there is no such process", pid);
	}
	free(link);
	free(folder);
	return err;
}

/*
 * A path that opens the mapped file itself: by its address range, which works for deleted
 * files too but takes privileges; else by name below the process's root, when that is
 * still the same file.
 */
char *mapped_open_path(int pid, const char *range, uint64_t inode, const char *path,
		       struct stat *st_ret)
{
	char *by_range = mem_printf("/proc/%d/map_files/%s", pid, range);

	if (!stat(by_range, st_ret))
		return by_range;
	free(by_range);
	char *by_name = mem_printf("/proc/%d/root%s", pid, path);

	if (!stat(by_name, st_ret) && st_ret->st_ino == inode)
		return by_name;
	free(by_name);
	return NULL;
}

/* One line of maps: "start-end perms offset device inode path". */
static void add_mapping(struct found *found, int pid, char *line)
{
	char range[64], perms[8];
	uint64_t inode;
	int path_at = 0;
	struct stat st;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%63s %7s %*s %*s %" SCNu64 " %n", range, perms, &inode, &path_at) != 3)
		return;
	if (!path_at || line[path_at] != '/' || !strchr(perms, 'x'))
		return;
	char *open_path = mapped_open_path(pid, range, inode, line + path_at, &st);

	if (!open_path)
		return;
	if (S_ISREG(st.st_mode) && !known_file(found, &st))
		add_file(found, open_path, mem_strdup(line + path_at), &st);
	else
		free(open_path);
}

static void add_mappings(struct found *found, int pid)
{
	char *name = mem_printf("/proc/%d/maps", pid), *line = NULL;
	FILE *maps = fopen(name, "re");
	size_t cap = 0;

	while (maps && getline(&line, &cap, maps) > 0)
		add_mapping(found, pid, line);
	if (maps)
		fclose(maps);
	free(line);
	free(name);
}

bool mapped_ended(int pid)
{
	char *link = mem_printf("/proc/%d/exe", pid), target[1];
	bool ended = readlink(link, target, sizeof(target)) < 0 &&
		     (errno == ENOENT || errno == ESRCH);

	free(link);
	return ended;
}

struct err *mapped_files(int pid, struct mapped_file **files_ret, size_t *n_ret)
{
	struct found found = { 0 };

	TRY(add_exe(&found, pid));
	add_mappings(&found, pid);
	free(found.ids);
	*files_ret = found.files;
	*n_ret = found.n;
	return NULL;
}

void mapped_free(struct mapped_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].open_path);
		free(files[i].path);
	}
	free(files);
}
