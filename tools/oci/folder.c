/* SPDX-License-Identifier: MIT */
/*
 * Writes the new image as a folder. In place: the new blobs first, then index.json, which is
 * where they begin to count, then the old blobs go. Elsewhere: a copy, which gets its name
 * when it is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/save.h"

static bool is_root(const char *name)
{
	return !strcmp(name, "index.json") || !strcmp(name, "manifest.json");
}

/* Writes one new file below `folder`, with the owner and mode of the one it replaces. */
static struct err *put_file(const struct oci *oci, const char *folder,
			    const struct oci_fresh *fresh)
{
	char *dest = mem_printf("%s/%s", folder, fresh->name);
	struct place old = { .fd = -1 };
	struct newfile file;
	struct err *err = store_find(&oci->store, fresh->old_name, &old);
	bool begun = false;

	if (!err) {
		err = newfile_begin(dest, NULL, &file);
		begun = !err;
	}
	if (!err)
		err = oci_put_fresh(fresh, file.fd, dest);
	if (begun && err) {
		newfile_abort(&file);
	} else if (begun) {
		struct image like = { .path = dest, .fd = old.fd };

		err = newfile_commit(&file, &like);
	}
	place_close(&old);
	free(dest);
	return err;
}

static struct err *put_files(const struct oci *oci, const char *folder, bool roots)
{
	/* manifest.json first: what reads layouts goes by index.json. */
	for (size_t i = oci->nfresh; i-- > 0;)
		if (is_root(oci->fresh[i].name) == roots &&
		    (roots || !store_has(&oci->store, oci->fresh[i].name)))
			TRY(put_file(oci, folder, &oci->fresh[i]));
	return NULL;
}

/* Each file of the layout by its name; `each` says what to do. */
static struct err *walk(const char *folder,
			struct err *(*each)(const FTSENT *file, const char *name, void *context),
			void *context)
{
	char *const roots[] = { (char *)(uintptr_t)folder, NULL };
	FTS *fts = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	size_t skip = strlen(folder) + 1;
	struct err *err = NULL;
	FTSENT *file;

	if (!fts)
		return err_sys(errno, "%s: cannot read", folder);
	while (!err && (file = fts_read(fts))) {
		if (file->fts_info == FTS_DNR || file->fts_info == FTS_ERR ||
		    file->fts_info == FTS_DC || file->fts_info == FTS_NS)
			err = err_sys(file->fts_errno ? file->fts_errno : ELOOP, "%s: cannot read",
				      file->fts_path);
		else if (file->fts_level > 0)
			err = each(file, file->fts_path + skip, context);
	}
	fts_close(fts);
	return err;
}

struct copy {
	const struct oci *oci;
	const struct oci_refs *refs;
	const char *to;
};

static struct err *copy_file(const FTSENT *file, const char *dest)
{
	int from = open(file->fts_accpath, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int to = open(dest, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;
	struct err *err = NULL;

	if (from < 0 || fstat(from, &st))
		err = err_sys(errno, "%s: cannot open", file->fts_path);
	else if (to < 0)
		err = err_sys(errno, "%s: cannot create", dest);
	if (!err)
		err = oci_copy(from, 0, (uint64_t)st.st_size, to, dest);
	if (!err && fchmod(to, st.st_mode & 07777))
		err = err_sys(errno, "%s: cannot keep the mode", dest);
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) && !err)
		err = err_sys(errno, "%s: cannot write", dest);
	return err;
}

static struct err *copy_one(const FTSENT *file, const char *name, void *context)
{
	const struct copy *copy = context;
	struct err *err = NULL;
	char *dest;

	if (file->fts_info == FTS_DP || (file->fts_info == FTS_F &&
	    (oci_is_dropped(&copy->refs->before, &copy->refs->after, name) ||
	     (is_root(name) && oci_find_fresh(copy->oci, name)))))
		return NULL;
	dest = mem_printf("%s/%s", copy->to, name);
	if (file->fts_info == FTS_D) {
		if (mkdir(dest, 0700) || chmod(dest, file->fts_statp->st_mode & 07777))
			err = err_sys(errno, "%s: cannot create", dest);
	} else if (file->fts_info == FTS_F) {
		err = copy_file(file, dest);
	}
	free(dest);
	return err;
}

/* Removes a folder and all in it; what is not there is as good as removed. */
static void remove_all(const char *folder)
{
	char *const roots[] = { (char *)(uintptr_t)folder, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *file;

	while (fts && (file = fts_read(fts))) {
		if (file->fts_info == FTS_DP)
			rmdir(file->fts_accpath);
		else if (file->fts_info != FTS_D)
			unlink(file->fts_accpath);
	}
	if (fts)
		fts_close(fts);
}

static char *temp_of(const char *dest)
{
	char *one = mem_strdup(dest), *two = mem_strdup(dest);
	char *name = mem_printf("%s/.%s.probes~", dirname(one), basename(two));

	free(one);
	free(two);
	return name;
}

static struct err *fill_copy(const struct oci *oci, const struct oci_refs *refs, const char *to)
{
	struct copy copy = { oci, refs, to };
	struct stat st;

	if (mkdir(to, 0700))
		return err_sys(errno, "%s: cannot create folder %s", oci->dest, to);
	TRY(walk(oci->path, copy_one, &copy));
	TRY(put_files(oci, to, false));
	TRY(put_files(oci, to, true));
	if (fstat(oci->store.fd, &st) || chmod(to, st.st_mode & 07777))
		return err_sys(errno, "%s: cannot keep the mode", to);
	return NULL;
}

static struct err *save_copy(const struct oci *oci, const struct oci_refs *refs)
{
	char *temp = temp_of(oci->dest);
	struct err *err;
	int fd;

	remove_all(temp); /* of a run that was killed */
	err = fill_copy(oci, refs, temp);
	fd = err ? -1 : open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!err && (fd < 0 || syncfs(fd)))
		err = err_sys(errno, "%s: cannot write", temp);
	if (fd >= 0)
		close(fd);
	if (!err && rename(temp, oci->dest))
		err = err_sys(errno, "%s: cannot give the new folder its name (-o takes one that "
			      "is empty or not there)", oci->dest);
	if (err)
		remove_all(temp);
	free(temp);
	return err;
}

static struct err *remove_old(const FTSENT *file, const char *name, void *context)
{
	const struct copy *copy = context;

	if (file->fts_info == FTS_F &&
	    oci_is_dropped(&copy->refs->before, &copy->refs->after, name) &&
	    unlink(file->fts_accpath))
		return err_sys(errno, "%s: cannot remove, though nothing refers to it any more",
			       file->fts_path);
	return NULL;
}

static struct err *save_in_place(const struct oci *oci, const struct oci_refs *refs)
{
	struct copy copy = { oci, refs, oci->path };

	TRY(put_files(oci, oci->path, false));
	TRY(put_files(oci, oci->path, true));
	return walk(oci->path, remove_old, &copy);
}

static bool same_folder(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* A copy below what is copied would hold itself. */
static bool is_below(const char *inner, const char *outer)
{
	char *copy = mem_strdup(inner), *folder = realpath(dirname(copy), NULL);
	bool below = folder && same_folder(folder, outer);

	while (folder && !below && folder[1]) {
		char *slash = strrchr(folder, '/');

		slash[slash == folder] = 0;
		below = same_folder(folder, outer);
	}
	free(copy);
	free(folder);
	return below;
}

struct err *oci_save_folder(const struct oci *oci, const struct oci_refs *refs)
{
	if (same_folder(oci->path, oci->dest))
		return save_in_place(oci, refs);
	if (is_below(oci->dest, oci->path))
		return err_new("%s: the new folder cannot be inside the image itself", oci->dest);
	return save_copy(oci, refs);
}
