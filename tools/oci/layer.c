/* SPDX-License-Identifier: MIT */
/* One layer of an image. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/layer.h"

#define BLOCK (128u * 1024)
#define ENTRIES_MAX 4000000u

/* The start of Go's build information, aligned to 16 bytes (cmd/link, debug/buildinfo). */
static const char magic[] = "\xff Go buildinf:";

static bool has_magic(const uint8_t *block, size_t len)
{
	const size_t size = sizeof(magic) - 1;

	for (size_t at = 0; at + size <= len; at += 16)
		if (block[at] == 0xff && !memcmp(block + at, magic, size))
			return true;
	return false;
}

static bool is_amd64_elf(const uint8_t *block, size_t len)
{
	return len >= sizeof(Elf64_Ehdr) && !memcmp(block, ELFMAG, SELFMAG) &&
	       block[EI_CLASS] == ELFCLASS64 && block[EI_DATA] == ELFDATA2LSB &&
	       block[18] == EM_X86_64 && !block[19];
}

static struct err *ends_early(const struct stream *stream, const char *name)
{
	return err_new("%s: truncated: the tar archive ends in the middle of %s", stream->name,
		       name);
}

/* Passes over the entry's data; whether they are a Go program. */
static struct err *look_at(struct stream *stream, const struct tar_entry *entry, uint8_t *block,
			   bool *go_ret)
{
	bool elf = entry->type == '0' && !entry->sparse;

	*go_ret = entry->sparse && entry->mode & 0111; /* cannot be told, see choose.c */
	for (uint64_t left = entry->size, done = 0; left; done++) {
		size_t got;

		if (!elf)
			return tar_skip(stream, left);
		TRY(stream_read(stream, block, left < BLOCK ? (size_t)left : BLOCK, &got));
		if (!got)
			return ends_early(stream, entry->name);
		elf = done || is_amd64_elf(block, got);
		if (elf && !*go_ret)
			*go_ret = has_magic(block, got);
		left -= got;
	}
	return NULL;
}

static void add_entry(struct layer *layer, const struct tar_entry *entry, bool go)
{
	mem_grow(&layer->entries, layer->nentries, &layer->cap, sizeof(*layer->entries));
	layer->entries[layer->nentries++] = (struct layer_entry){
		.name = mem_strdup(entry->name),
		.link = mem_strdup(entry->link),
		.type = entry->type,
		.sparse = entry->sparse,
		.executable = entry->mode & 0111,
		.go = go,
	};
}

static struct err *skip_padding(struct stream *stream, const struct tar_entry *entry)
{
	return tar_skip(stream, tar_padding(entry->size));
}

static struct err *scan(struct stream *stream, struct layer *layer, uint8_t *block)
{
	struct tar_entry entry = { 0 };
	struct err *err;
	bool more, go;

	while (!(err = tar_next(stream, &entry, &more)) && more) {
		err = look_at(stream, &entry, block, &go);
		if (!err)
			err = skip_padding(stream, &entry);
		if (!err && layer->nentries == ENTRIES_MAX)
			err = err_new("%s: more than %u files", stream->name, ENTRIES_MAX);
		if (err)
			break;
		add_entry(layer, &entry, go);
	}
	tar_entry_free(&entry);
	return err;
}

struct err *layer_scan(const struct place *place, const char *name, struct layer **layer_ret)
{
	struct layer *layer = mem_zalloc(sizeof(*layer));
	uint8_t *block = mem_zalloc(BLOCK);
	struct stream stream;
	struct err *err = stream_open(&stream, place->fd, place->off, place->size, name);

	if (!err)
		err = scan(&stream, layer, block);
	if (!err)
		err = stream_finish(&stream, layer->digest, layer->diff_id);
	layer->kind = stream.kind;
	stream_close(&stream);
	free(block);
	if (err)
		layer_free(layer);
	else
		*layer_ret = layer;
	return err;
}

void layer_free(struct layer *layer)
{
	if (!layer)
		return;
	for (size_t i = 0; i < layer->nentries; i++) {
		free(layer->entries[i].name);
		free(layer->entries[i].link);
	}
	free(layer->entries);
	free(layer);
}

static const struct layer_file *file_of(size_t entry, const struct layer_file *files,
					size_t nfiles)
{
	for (size_t i = 0; i < nfiles; i++)
		if (files[i].entry == entry)
			return &files[i];
	return NULL;
}

/* Copies `size` bytes of the stream to a file or a sink. */
static struct err *copy_data(struct stream *stream, const char *name, uint64_t size, int fd,
			     struct sink *sink, uint8_t *block)
{
	while (size) {
		size_t got;

		TRY(stream_read(stream, block, size < BLOCK ? (size_t)size : BLOCK, &got));
		if (!got)
			return ends_early(stream, name);
		TRY(sink ? sink_write(sink, block, got) : write_whole(fd, block, got, name));
		size -= got;
	}
	return NULL;
}

static struct err *extract(struct stream *stream, const struct layer_file *files, size_t nfiles,
			   uint8_t *block)
{
	struct tar_entry entry = { 0 };
	struct err *err = NULL;
	size_t left = nfiles;
	bool more;

	for (size_t i = 0; left && !err; i++) {
		err = tar_next(stream, &entry, &more);
		if (err || !more)
			break;
		const struct layer_file *file = file_of(i, files, nfiles);

		err = file ? copy_data(stream, entry.name, entry.size, file->fd, NULL, block) :
			     tar_skip(stream, entry.size);
		left -= file != NULL;
		if (!err)
			err = skip_padding(stream, &entry);
	}
	tar_entry_free(&entry);
	return err;
}

struct err *layer_extract(const struct place *place, const char *name,
			  const struct layer_file *files, size_t nfiles)
{
	struct stream stream;
	struct err *err = stream_open(&stream, place->fd, place->off, place->size, name);
	uint8_t *block = mem_zalloc(BLOCK);

	stream.unsummed = true;
	if (!err)
		err = extract(&stream, files, nfiles, block);
	stream_close(&stream);
	free(block);
	return err;
}

static struct err *put_file(struct sink *sink, int fd, uint64_t size, const char *name,
			    uint8_t *block)
{
	struct stream stream;
	struct err *err = stream_open_plain(&stream, fd, 0, size, name);

	if (!err)
		err = copy_data(&stream, name, size, -1, sink, block);
	if (!err) {
		memset(block, 0, TAR_BLOCK);
		err = sink_write(sink, block, tar_padding(size));
	}
	stream_close(&stream);
	return err;
}

/* The entry with the data of another file in place of its own. */
static struct err *put_instead(struct stream *stream, const struct tar_entry *entry,
			       int fd, struct sink *sink, uint8_t *block)
{
	struct buf head = { 0 };
	struct stat st;
	struct err *err;

	if (fstat(fd, &st))
		return err_sys(errno, "%s: cannot stat the new program", entry->name);
	err = tar_resize(entry, (uint64_t)st.st_size, &head);
	if (!err)
		err = sink_write(sink, head.data, head.len);
	if (!err)
		err = put_file(sink, fd, (uint64_t)st.st_size, entry->name, block);
	if (!err)
		err = tar_skip(stream, entry->size + tar_padding(entry->size));
	buf_free(&head);
	return err;
}

static struct err *renew(struct stream *stream, struct sink *sink,
			 const struct layer_file *files, size_t nfiles, uint8_t *block)
{
	struct tar_entry entry = { 0 };
	struct err *err;
	bool more;

	for (size_t i = 0; !(err = tar_next(stream, &entry, &more)) && more; i++) {
		const struct layer_file *file = file_of(i, files, nfiles);

		if (file) {
			err = put_instead(stream, &entry, file->fd, sink, block);
		} else {
			err = sink_write(sink, entry.head.data, entry.head.len);
			if (!err)
				err = copy_data(stream, entry.name, entry.size +
						tar_padding(entry.size), -1, sink, block);
		}
		if (err)
			break;
	}
	if (!err) /* the end mark, and what stands behind it */
		err = sink_write(sink, entry.head.data, entry.head.len);
	tar_entry_free(&entry);
	for (size_t got = 1; !err && got;) {
		err = stream_read(stream, block, BLOCK, &got);
		if (!err)
			err = sink_write(sink, block, got);
	}
	return err;
}

struct err *layer_renew(const struct place *place, const char *name,
			const struct layer_file *files, size_t nfiles, int fd,
			struct layer_new *new_ret)
{
	struct stream stream;
	struct sink sink = { 0 };
	struct err *err = stream_open(&stream, place->fd, place->off, place->size, name);
	uint8_t *block = mem_zalloc(BLOCK);

	stream.unsummed = true;
	if (!err)
		err = sink_open(&sink, fd, &stream, name);
	if (!err)
		err = renew(&stream, &sink, files, nfiles, block);
	if (!err)
		err = sink_finish(&sink, new_ret->digest, new_ret->diff_id);
	new_ret->size = sink.size;
	sink_close(&sink);
	stream_close(&stream);
	free(block);
	return err;
}
