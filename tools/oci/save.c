/* SPDX-License-Identifier: MIT */
/*
 * Writes the new image as a tar archive: every file that stays is copied byte for byte, in the
 * order that they have; a new blob stands where the one was that it replaces.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/save.h"

#define BLOCK (256u * 1024)

bool oci_is_dropped(const struct oci_names *before, const struct oci_names *after,
		    const char *name)
{
	return oci_names_have(before, name) && !oci_names_have(after, name);
}

struct err *oci_copy(int from, uint64_t off, uint64_t size, int to, const char *name)
{
	uint8_t *block = mem_zalloc(BLOCK);
	struct err *err = NULL;

	while (size && !err) {
		ssize_t got = pread(from, block, size < BLOCK ? (size_t)size : BLOCK, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err = err_sys(got ? errno : EIO, "%s: cannot read", name);
			break;
		}
		err = write_whole(to, block, (size_t)got, name);
		off += (uint64_t)got;
		size -= (uint64_t)got;
	}
	free(block);
	return err;
}

struct err *oci_put_fresh(const struct oci_fresh *fresh, int to, const char *name)
{
	return fresh->text ? write_whole(to, fresh->text, (size_t)fresh->size, name) :
			     oci_copy(fresh->fd, 0, fresh->size, to, name);
}

struct writer {
	const struct oci *oci;
	const struct oci_refs *refs;
	int fd;
};

/* The digits of a blob's name, or NULL. */
static const char *hex_in(const char *name)
{
	for (; *name; name++)
		if (strspn(name, "0123456789abcdef") >= 64)
			return name;
	return NULL;
}

/* Names that change with the file they belong to. */
static void rename_in(const struct oci_fresh *fresh, struct buf *head)
{
	const char *old = hex_in(fresh->old_name), *new = hex_in(fresh->name);

	if (!old || !new || !strncmp(old, new, 64))
		return;

	char *text = mem_strndup(old, 64), *with = mem_strndup(new, 64);

	tar_rename(head, text, with);
	free(text);
	free(with);
}

/* The member's headers, parsed again. */
static struct err *read_head(const struct oci *oci, const struct member *member,
			     struct tar_entry *entry)
{
	struct stream stream;
	struct err *err = stream_open_plain(&stream, oci->store.fd, member->head_at,
					    member->data_at - member->head_at, oci->path);
	bool more = false;

	if (!err)
		err = tar_next(&stream, entry, &more);
	if (!err && !more)
		err = err_new("%s: changed while it was read", oci->path);
	stream_close(&stream);
	return err;
}

static struct err *write_fresh(const struct writer *writer, const struct member *member,
			       const struct oci_fresh *fresh)
{
	static const uint8_t zeros[TAR_BLOCK];
	struct tar_entry entry = { 0 };
	struct buf head = { 0 };
	const char *dest = writer->oci->dest;
	struct err *err = read_head(writer->oci, member, &entry);

	if (!err)
		err = tar_resize(&entry, fresh->size, &head);
	if (!err) {
		rename_in(fresh, &head);
		err = write_whole(writer->fd, head.data, head.len, dest);
	}
	if (!err)
		err = oci_put_fresh(fresh, writer->fd, dest);
	if (!err)
		err = write_whole(writer->fd, zeros, (size_t)tar_padding(fresh->size), dest);
	tar_entry_free(&entry);
	buf_free(&head);
	return err;
}

/* A link is copied too; it may name what has another name now. */
static struct err *copy_member(const struct writer *writer, const struct member *member,
			       uint64_t end)
{
	const struct oci *oci = writer->oci;
	struct tar_entry entry = { 0 };
	struct err *err;

	if (member->type != '1' && member->type != '2')
		return oci_copy(oci->store.fd, member->head_at, end - member->head_at, writer->fd,
				oci->dest);
	err = read_head(oci, member, &entry);
	for (size_t i = 0; i < oci->nfresh && !err; i++)
		if (oci_is_dropped(&writer->refs->before, &writer->refs->after,
				   oci->fresh[i].old_name))
			rename_in(&oci->fresh[i], &entry.head);
	if (!err)
		err = write_whole(writer->fd, entry.head.data, entry.head.len, oci->dest);
	tar_entry_free(&entry);
	return err;
}

static struct err *write_member(const struct writer *writer, const struct member *member,
				uint64_t end)
{
	const struct oci *oci = writer->oci;
	bool stays = member->type != '0' ||
		     !oci_is_dropped(&writer->refs->before, &writer->refs->after, member->name);

	for (size_t i = 0; i < oci->nfresh; i++)
		if (!strcmp(oci->fresh[i].name, member->name))
			stays = strcmp(oci->fresh[i].old_name, member->name) != 0;
	if (stays)
		TRY(copy_member(writer, member, end));
	for (size_t i = 0; i < oci->nfresh; i++) {
		const struct oci_fresh *fresh = &oci->fresh[i];

		if (strcmp(fresh->old_name, member->name) || member->type != '0')
			continue;
		/* What the archive has already is the same, being named after its bytes. */
		if (!strcmp(fresh->name, fresh->old_name) || !store_has(&oci->store, fresh->name))
			TRY(write_fresh(writer, member, fresh));
	}
	return NULL;
}

static struct err *write_archive(const struct writer *writer)
{
	const struct store *store = &writer->oci->store;

	for (size_t i = 0; i < store->nmembers; i++)
		TRY(write_member(writer, &store->members[i], i + 1 < store->nmembers ?
				 store->members[i + 1].head_at : store->end_at));
	return oci_copy(store->fd, store->end_at, store->file_size - store->end_at, writer->fd,
			writer->oci->dest);
}

struct err *oci_save_archive(const struct oci *oci, const struct oci_refs *refs)
{
	struct image like = { .path = (char *)(uintptr_t)oci->path, .fd = oci->store.fd };
	struct newfile file;

	TRY(newfile_begin(oci->dest, NULL, &file));

	struct writer writer = { oci, refs, file.fd };
	struct err *err = write_archive(&writer);

	if (err) {
		newfile_abort(&file);
		return err;
	}
	return newfile_commit(&file, &like);
}

struct err *oci_save(struct oci *oci)
{
	struct oci_refs refs = { 0 };
	struct err *err;

	oci_references(oci, false, &refs.before);
	oci_references(oci, true, &refs.after);
	err = oci->store.folder ? oci_save_folder(oci, &refs) : oci_save_archive(oci, &refs);
	oci_names_free(&refs.before);
	oci_names_free(&refs.after);
	return err;
}
