/* SPDX-License-Identifier: MIT */
/* Writes a new file and puts it in the place of an old one. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/mem.h"
#include "patch/buildid.h"
#include "patch/write.h"

/* Only a regular file gives way to a new one. */
static struct err *check_dest(const char *dest)
{
	struct stat st;

	if (stat(dest, &st))
		return errno == ENOENT ? NULL : err_sys(errno, "%s: cannot write to it", dest);
	if (!S_ISREG(st.st_mode))
		return err_new("%s: not a regular file, will not be replaced", dest);
	return NULL;
}

/* The file itself when dest is a symbolic link, so that the link stays one. */
static char *follow_link(const char *dest)
{
	char *real = realpath(dest, NULL);

	return real ? real : mem_strdup(dest);
}

static char *dir_of(const char *path)
{
	char *copy = mem_strdup(path);
	char *dir = mem_strdup(dirname(copy));

	free(copy);
	return dir;
}

static char *temp_name(const char *dir, const char *dest)
{
	char *copy = mem_strdup(dest);
	char *name = mem_printf("%s/.%s.probes~", dir, basename(copy));

	free(copy);
	return name;
}

static size_t block_at(const struct image *image, size_t off)
{
	return image->size - off < IMAGE_BLOCK ? image->size - off : IMAGE_BLOCK;
}

static struct err *write_all(const struct newfile *file, const uint8_t *at, size_t len,
			     uint64_t off)
{
	while (len) {
		ssize_t done = pwrite(file->fd, at, len, (off_t)off);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return err_sys(done ? errno : EIO, "%s: cannot write the new file",
				       file->dest);
		at += done;
		off += (uint64_t)done;
		len -= (size_t)done;
	}
	return NULL;
}

/* Whether the file holds these bytes at `off`, as far as reading can tell. */
static bool reads_back(const struct newfile *file, const uint8_t *at, size_t len, uint64_t off,
		       uint8_t *block)
{
	while (len) {
		size_t want = len < IMAGE_BLOCK ? len : IMAGE_BLOCK;
		ssize_t got = pread(file->fd, block, want, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || memcmp(block, at, (size_t)got))
			return false;
		at += got;
		off += (uint64_t)got;
		len -= (size_t)got;
	}
	return true;
}

static struct err *unlike(const struct newfile *file, uint64_t off)
{
	return err_new("%s: the new file at 0x%llx does not read back as it was written; check "
		       "the disk", file->dest, (unsigned long long)off);
}

/* Writes, and compares what can then be read; `block` is IMAGE_BLOCK bytes of scratch. */
static struct err *write_at(const struct newfile *file, const void *bytes, size_t len,
			    uint64_t off, uint8_t *block)
{
	TRY(write_all(file, bytes, len, off));
	return reads_back(file, bytes, len, off, block) ? NULL : unlike(file, off);
}

/* Copies block by block, so that each is read from memory once. */
static struct err *copy_input(struct newfile *file, uint8_t *block)
{
	const struct image *input = file->input;

	for (size_t off = 0; off < input->size && !file->stop; off += IMAGE_BLOCK) {
		size_t len = block_at(input, off);

		TRY(image_read(input, off, block, len));
		file->crc = crc32c(file->crc, block, len);
		TRY(write_all(file, block, len, off));
		file->copied = off + len;
	}
	return NULL;
}

static void *copy_thread(void *arg)
{
	struct newfile *file = arg;
	uint8_t *block = mem_zalloc(IMAGE_BLOCK);

	file->err = copy_input(file, block);
	free(block);
	file->done = true;
	return NULL;
}

/* Waits until the copy has come to `end`; false when it ended before. */
static bool copied_to(const struct newfile *file, size_t end)
{
	const struct timespec moment = { .tv_nsec = 100000 };

	while (file->copied < end && !file->done)
		nanosleep(&moment, NULL);
	return file->copied >= end;
}

/* How much the disk is given to do at a time, so that the fsync has little left. */
#define WRITEBACK (16u * 1024 * 1024)

/* Follows the copy and sums what can be read of it. */
static struct err *sum_copy(const struct newfile *file, uint8_t *block, uint32_t *crc_ret)
{
	const struct image *input = file->input;
	uint32_t crc = 0;

	for (size_t off = 0; off < input->size; off += IMAGE_BLOCK) {
		size_t len = block_at(input, off);

		if (!copied_to(file, off + len))
			return NULL; /* newfile_wait() says why */
		if (pread(file->fd, block, len, (off_t)off) != (ssize_t)len)
			return err_sys(errno, "%s: cannot read the new file", file->dest);
		crc = crc32c(crc, block, len);
		if ((off + len) % WRITEBACK == 0)
			sync_file_range(file->fd, (off_t)(off + len - WRITEBACK), WRITEBACK,
					SYNC_FILE_RANGE_WRITE);
	}
	*crc_ret = crc;
	return NULL;
}

/*
 * One writer at a time uses the temporary name: the folder is locked until the file is
 * renamed or given up. A filesystem without locks does without.
 */
static void lock_name(struct newfile *file)
{
	file->dir_fd = open(file->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->dir_fd >= 0)
		while (flock(file->dir_fd, LOCK_EX) && errno == EINTR)
			;
}

static struct err *open_temp(struct newfile *file)
{
	file->fd = open(file->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		lock_name(file);
		unlink(file->temp);
		file->fd = open(file->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		file->named = file->fd >= 0;
	}
	if (file->fd < 0)
		return err_sys(errno, "%s: cannot write to folder %s", file->dest, file->dir);
	snprintf(file->fd_path, sizeof(file->fd_path), "/proc/self/fd/%d", file->fd);
	return NULL;
}

struct err *newfile_begin(const char *dest, const struct image *input,
			  struct newfile *file_ret)
{
	struct newfile *file = file_ret;
	struct err *err;

	*file = (struct newfile){ .dest = follow_link(dest), .fd = -1, .dir_fd = -1,
				  .input = input };
	file->dir = dir_of(file->dest);
	file->temp = temp_name(file->dir, file->dest);
	err = check_dest(dest);
	if (!err)
		err = open_temp(file);
	if (err) {
		newfile_abort(file);
		return err;
	}
	file->copying = input && !pthread_create(&file->copier, NULL, copy_thread, file);
	if (input && !file->copying)
		copy_thread(file);
	return NULL;
}

/* Ends the thread; its error is the caller's. */
static struct err *join_copy(struct newfile *file)
{
	struct err *err;

	if (file->copying)
		pthread_join(file->copier, NULL);
	file->copying = false;
	err = file->err;
	file->err = NULL;
	return err;
}

struct err *newfile_wait(struct newfile *file)
{
	uint8_t *block = mem_zalloc(IMAGE_BLOCK);
	uint32_t crc = 0;
	struct err *err = sum_copy(file, block, &crc);

	free(block);
	file->stop = err != NULL;

	struct err *copy_err = join_copy(file);

	if (copy_err || err) {
		err_free(copy_err ? err : NULL);
		return copy_err ? copy_err : err;
	}
	return crc == file->crc ? NULL : unlike(file, 0);
}

void newfile_abort(struct newfile *file)
{
	file->stop = true;
	err_free(join_copy(file));
	if (file->fd >= 0)
		close(file->fd);
	if (file->named)
		unlink(file->temp);
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	free(file->dest);
	free(file->dir);
	free(file->temp);
	file->fd = file->dir_fd = -1;
	file->named = false;
	file->dest = file->dir = file->temp = NULL;
}

/* The seal as elf/meta.h describes it; the tail's own sums are still 0. */
static uint32_t seal_of(const struct output *output)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < output->nedits; i++)
		crc = crc32c(crc, output->edits[i].bytes, output->edits[i].len);
	return buildid_crc(crc, output->tail.data, output->tail.len, output->original_size,
			   output->buildids, output->nbuildids);
}

static struct err *write_output(struct newfile *file, const struct output *output,
				uint8_t *block)
{
	uint32_t sums[2] = { file->crc, seal_of(output) };

	if (output->nbuildids)
		TRY(buildid_crc_of(file->input, output->buildids, output->nbuildids, &sums[0]));
	TRY(write_at(file, output->tail.data, output->tail.len, output->original_size, block));
	for (size_t i = 0; i < output->nedits; i++)
		TRY(write_at(file, output->edits[i].bytes, output->edits[i].len,
			     output->edits[i].off, block));
	return write_at(file, sums, sizeof(sums), output->original_size + output->sums_at, block);
}

struct err *newfile_write_output(struct newfile *file, const struct output *output)
{
	TRY(newfile_wait(file));

	uint8_t *block = mem_zalloc(IMAGE_BLOCK);
	struct err *err = write_output(file, output, block);

	free(block);
	return err;
}

static struct err *copy_xattr(int from, int to, const char *name, const char *dest)
{
	ssize_t size = fgetxattr(from, name, NULL, 0);
	void *value = mem_zalloc(size > 0 ? (size_t)size : 0);
	struct err *err = NULL;

	if (size >= 0)
		size = fgetxattr(from, name, value, (size_t)size);
	if (size < 0 || fsetxattr(to, name, value, (size_t)size, 0))
		err = err_sys(errno, "%s: cannot keep extended attribute %s", dest, name);
	free(value);
	return err;
}

static struct err *copy_xattrs(int from, int to, const char *dest)
{
	ssize_t size = flistxattr(from, NULL, 0);

	if (size <= 0)
		return NULL;

	char *names = mem_zalloc((size_t)size + 1);
	struct err *err = NULL;

	size = flistxattr(from, names, (size_t)size);
	for (ssize_t at = 0; at < size && !err; at += (ssize_t)strlen(names + at) + 1)
		err = copy_xattr(from, to, names + at, dest);
	free(names);
	return err;
}

/* Owner first: changing it drops set-id bits and file capabilities. */
static struct err *copy_attributes(const struct newfile *file, const struct image *like)
{
	struct stat st;

	if (fstat(like->fd, &st))
		return err_sys(errno, "%s: cannot stat", like->path);
	if (fchown(file->fd, st.st_uid, st.st_gid) &&
	    (st.st_uid != geteuid() || st.st_gid != getegid()))
		return err_sys(errno, "%s: cannot keep the owner", file->dest);
	if (fchmod(file->fd, st.st_mode & 07777))
		return err_sys(errno, "%s: cannot keep the mode", file->dest);
	return copy_xattrs(like->fd, file->fd, file->dest);
}

static struct err *give_name(struct newfile *file)
{
	if (file->named)
		return NULL;
	lock_name(file);
	unlink(file->temp);
	if (linkat(AT_FDCWD, file->fd_path, AT_FDCWD, file->temp, AT_SYMLINK_FOLLOW))
		return err_sys(errno, "%s: cannot name the new file %s", file->dest, file->temp);
	file->named = true;
	return NULL;
}

static struct err *commit(struct newfile *file, const struct image *like)
{
	TRY(copy_attributes(file, like));
	if (!file->unsynced && fsync(file->fd))
		return err_sys(errno, "%s: cannot write the new file", file->dest);
	TRY(give_name(file));
	close(file->fd); /* or a program started from it now would be "busy" */
	file->fd = -1;
	if (rename(file->temp, file->dest))
		return err_sys(errno, "%s: cannot replace it", file->dest);
	file->named = false;
	if (file->dir_fd >= 0)
		fsync(file->dir_fd);
	return NULL;
}

struct err *newfile_commit(struct newfile *file, const struct image *like)
{
	struct err *err = commit(file, like);

	newfile_abort(file);
	return err;
}
