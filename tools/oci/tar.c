/* SPDX-License-Identifier: MIT */
/* Tar archives entry by entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/tar.h"

#define EXTENDED_MAX (1u << 20) /* bytes of one extended header, as in Go's archive/tar */
#define SIZE_MAX_DATA (1ull << 50)

/* Fields of a header block: where, and how long. */
enum {
	NAME_AT = 0, NAME_LEN = 100,
	MODE_AT = 100, MODE_LEN = 8,
	SIZE_AT = 124, SIZE_LEN = 12,
	SUM_AT = 148, SUM_LEN = 8,
	TYPE_AT = 156,
	LINK_AT = 157, LINK_LEN = 100,
	MAGIC_AT = 257,
	PREFIX_AT = 345, PREFIX_LEN = 155,
	MORE_SPARSE_AT = 482,   /* GNU: whether a block of sparse map follows */
	SPARSE_MORE_AT = 504,   /* the same in such a block */
};

static char *field(const uint8_t *block, size_t at, size_t len)
{
	return mem_strndup((const char *)block + at, strnlen((const char *)block + at, len));
}

/* Octal, or GNU's base 256; false when it is neither. */
static bool number(const uint8_t *block, size_t at, size_t len, uint64_t *value_ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if (block[at] & 0x80) {
		if (block[at] & 0x7f)
			return false; /* negative, or beyond all sense */
		for (i = 1; i < len; i++) {
			if (value >> 48)
				return false;
			value = value << 8 | block[at + i];
		}
		*value_ret = value;
		return true;
	}
	while (i < len && (block[at + i] == ' ' || !block[at + i]))
		i++;
	for (; i < len && block[at + i] >= '0' && block[at + i] <= '7'; i++)
		value = value << 3 | (uint64_t)(block[at + i] - '0');
	*value_ret = value;
	return i == len || block[at + i] == ' ' || !block[at + i];
}

static unsigned sum_of(const uint8_t *block)
{
	unsigned sum = 0;

	for (int i = 0; i < TAR_BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : block[i];
	return sum;
}

static int signed_sum_of(const uint8_t *block)
{
	int sum = 0;

	for (int i = 0; i < TAR_BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : (signed char)block[i];
	return sum;
}

bool tar_is_header(const uint8_t block[TAR_BLOCK])
{
	uint64_t sum;

	return number(block, SUM_AT, SUM_LEN, &sum) && sum &&
	       (sum == sum_of(block) || (int)sum == signed_sum_of(block));
}

static bool is_zero(const uint8_t *block)
{
	for (int i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

/* One more block of `head`; *got_ret is false when the archive ends there. */
static struct err *take_block(struct stream *stream, struct buf *head, bool *got_ret)
{
	uint8_t block[TAR_BLOCK];
	size_t got;

	TRY(stream_read(stream, block, sizeof(block), &got));
	*got_ret = got != 0;
	if (got && got < sizeof(block))
		return err_new("%s: truncated: the tar archive ends in the middle of a header",
			       stream->name);
	buf_put(head, block, got);
	return NULL;
}

static struct err *truncated(const struct stream *stream, const char *name)
{
	return err_new("%s: truncated: the tar archive ends in the middle of %s", stream->name,
		       name);
}

/* The data of an extended header, which become a part of head. */
static struct err *take_extended(struct stream *stream, struct buf *head, uint64_t size,
				 char **text_ret)
{
	uint64_t whole = size + tar_padding(size);
	size_t got;

	if (size > EXTENDED_MAX)
		return err_new("%s: an extended tar header of %llu bytes; 1 MiB is the limit",
			       stream->name, (unsigned long long)size);

	uint8_t *data = mem_zalloc((size_t)whole + 1);
	struct err *err = stream_read(stream, data, (size_t)whole, &got);

	if (!err && got < whole)
		err = truncated(stream, "an extended header");
	if (err) {
		free(data);
		return err;
	}
	buf_put(head, data, (size_t)whole);
	*text_ret = mem_zalloc((size_t)size + 1);
	memcpy(*text_ret, data, (size_t)size);
	free(data);
	return NULL;
}

/* What extended headers say about the entry that follows. */
struct extended {
	char *name, *link, *sparse_name;
	bool sparse, has_size;
	uint64_t size;
};

static void replace(char **slot, const char *value)
{
	free(*slot);
	*slot = mem_strdup(value);
}

static bool pax_record(struct extended *ext, const char *key, const char *value)
{
	char *end;

	if (!strcmp(key, "path"))
		replace(&ext->name, value);
	else if (!strcmp(key, "linkpath"))
		replace(&ext->link, value);
	else if (!strcmp(key, "GNU.sparse.name"))
		replace(&ext->sparse_name, value);
	if (!strncmp(key, "GNU.sparse.", 11))
		ext->sparse = true;
	if (strcmp(key, "size"))
		return true;
	ext->size = strtoull(value, &end, 10);
	ext->has_size = true;
	return *value >= '0' && *value <= '9' && !*end;
}

/*
 * One "LENGTH KEY=VALUE\n" at `text`, whose '=' and '\n' become ends of strings. Its length,
 * or 0 when it is none.
 */
static size_t split_record(char *text, size_t len, char **key_ret, char **value_ret)
{
	size_t size = 0, digits = 0;

	while (digits < len && digits < 8 && text[digits] >= '0' && text[digits] <= '9')
		size = size * 10 + (size_t)(text[digits++] - '0');
	if (!digits || digits + 3 > size || size > len || text[digits] != ' ' ||
	    text[size - 1] != '\n')
		return 0;

	char *equals = memchr(text + digits, '=', size - digits);

	if (!equals)
		return 0;
	*equals = text[size - 1] = '\0';
	*key_ret = text + digits + 1;
	*value_ret = equals + 1;
	return size;
}

static struct err *read_pax(const struct stream *stream, char *text, size_t len,
			    struct extended *ext)
{
	char *key, *value;

	for (size_t at = 0, step; at < len; at += step) {
		step = split_record(text + at, len - at, &key, &value);
		if (!step || !pax_record(ext, key, value))
			return err_new("%s: a damaged pax header before offset %llu of the tar "
				       "archive", stream->name, (unsigned long long)stream->pos);
	}
	return NULL;
}

/* Types 'x', 'L' and 'K' describe the next entry. */
static struct err *read_extended(struct stream *stream, struct tar_entry *entry, uint64_t size,
				 char type, struct extended *ext)
{
	char *text = NULL;
	struct err *err = take_extended(stream, &entry->head, size, &text);

	if (!err && type == 'x')
		err = read_pax(stream, text, (size_t)size, ext);
	else if (!err)
		replace(type == 'L' ? &ext->name : &ext->link, text);
	free(text);
	return err;
}

static char *plain_name(const uint8_t *block)
{
	char *name = field(block, NAME_AT, NAME_LEN);
	char *prefix = field(block, PREFIX_AT, PREFIX_LEN);

	/* GNU's own format ("ustar  ") uses the prefix for other things. */
	if (*prefix && !memcmp(block + MAGIC_AT, "ustar", 6)) {
		char *whole = mem_printf("%s/%s", prefix, name);

		free(name);
		name = whole;
	}
	free(prefix);
	return name;
}

static struct err *take_sparse_map(struct stream *stream, struct tar_entry *entry)
{
	bool more = entry->head.data[entry->main_at + MORE_SPARSE_AT] != 0, got;

	while (more) {
		if (entry->head.len > EXTENDED_MAX)
			return err_new("%s: a sparse map above 1 MiB", stream->name);
		TRY(take_block(stream, &entry->head, &got));
		if (!got)
			return truncated(stream, "a sparse map");
		more = entry->head.data[entry->head.len - TAR_BLOCK + SPARSE_MORE_AT] != 0;
	}
	return NULL;
}

/* Puts together what the header block and the extended ones say; takes ext's strings. */
static struct err *fill_entry(struct stream *stream, struct tar_entry *entry, uint64_t size,
			      struct extended *ext)
{
	const uint8_t *block = entry->head.data + entry->main_at;
	uint64_t mode = 0;

	entry->type = block[TYPE_AT] ? (char)block[TYPE_AT] : '0';
	entry->type = entry->type == '7' ? '0' : entry->type;
	entry->sparse = ext->sparse || entry->type == 'S';
	entry->name = ext->sparse_name ? ext->sparse_name : ext->name;
	if (entry->name == ext->name)
		ext->name = NULL;
	ext->sparse_name = NULL;
	if (!entry->name)
		entry->name = plain_name(block);
	entry->link = ext->link ? ext->link : field(block, LINK_AT, LINK_LEN);
	ext->link = NULL;
	number(block, MODE_AT, MODE_LEN, &mode);
	entry->mode = (unsigned)mode & 07777;
	entry->size = ext->has_size ? ext->size : size;
	/* Links, devices, folders and pipes have no data, whatever size they state. */
	if (strchr("123456", entry->type))
		entry->size = 0;
	if (entry->size > SIZE_MAX_DATA)
		return err_new("%s: %s: a size of %llu bytes in the tar header", stream->name,
			       entry->name, (unsigned long long)entry->size);
	return entry->type == 'S' ? take_sparse_map(stream, entry) : NULL;
}

static struct err *next(struct stream *stream, struct tar_entry *entry, struct extended *ext,
			bool *more_ret)
{
	for (;;) {
		uint64_t at = stream->pos, size = 0;
		bool got;

		entry->main_at = entry->head.len;
		TRY(take_block(stream, &entry->head, &got));

		const uint8_t *block = entry->head.data + entry->main_at;

		*more_ret = got && !is_zero(block);
		if (!*more_ret && entry->main_at)
			return truncated(stream, "an entry's headers");
		if (!*more_ret)
			return NULL;
		if (!tar_is_header(block) || !number(block, SIZE_AT, SIZE_LEN, &size))
			return err_new("%s: no tar header at offset %llu", stream->name,
				       (unsigned long long)at);
		if (!strchr("xLK", (char)block[TYPE_AT]) || !block[TYPE_AT])
			return fill_entry(stream, entry, size, ext);
		if (entry->head.len > 4 * EXTENDED_MAX)
			return err_new("%s: too many extended tar headers at offset %llu",
				       stream->name, (unsigned long long)at);
		TRY(read_extended(stream, entry, size, (char)block[TYPE_AT], ext));
	}
}

struct err *tar_next(struct stream *stream, struct tar_entry *entry, bool *more_ret)
{
	struct extended ext = { 0 };

	free(entry->name);
	free(entry->link);
	*entry = (struct tar_entry){ .head = entry->head };
	entry->head.len = 0;
	*more_ret = false;

	struct err *err = next(stream, entry, &ext, more_ret);

	free(ext.name);
	free(ext.link);
	free(ext.sparse_name);
	return err;
}

void tar_entry_free(struct tar_entry *entry)
{
	buf_free(&entry->head);
	free(entry->name);
	free(entry->link);
	*entry = (struct tar_entry){ 0 };
}

struct err *tar_skip(struct stream *stream, uint64_t size)
{
	uint8_t block[16 * TAR_BLOCK];
	size_t got;

	while (size) {
		TRY(stream_read(stream, block, size < sizeof(block) ? (size_t)size :
				sizeof(block), &got));
		if (!got)
			return truncated(stream, "an entry");
		size -= got;
	}
	return NULL;
}

static void sum_block(uint8_t *block)
{
	char text[SUM_LEN];

	snprintf(text, sizeof(text), "%06o", sum_of(block));
	memcpy(block + SUM_AT, text, 7);
	block[SUM_AT + 7] = ' ';
}

/* The pax records of `old` with another size, as blocks with their header. */
static void resize_pax(const uint8_t *header, const char *old, size_t len, uint64_t size,
		       struct buf *head)
{
	struct buf records = { 0 };
	char *text = mem_dup(old, len + 1), *key, *value;
	size_t at = head->len;

	for (size_t from = 0, step; from < len; from += step) {
		step = split_record(text + from, len - from, &key, &value);
		if (strcmp(key, "size")) {
			buf_put(&records, old + from, step);
			continue;
		}
		char *line = mem_printf("size=%llu\n", (unsigned long long)size);

		buf_printf(&records, "%zu %s", strlen(line) + 3, line);
		free(line);
	}
	buf_put(head, header, TAR_BLOCK);
	snprintf((char *)head->data + at + SIZE_AT, SIZE_LEN, "%011zo", records.len);
	sum_block(head->data + at);
	buf_put(head, records.data, records.len);
	buf_align(head, TAR_BLOCK, 0);
	buf_free(&records);
	free(text);
}

struct err *tar_resize(const struct tar_entry *entry, uint64_t size, struct buf *head_ret)
{
	const uint8_t *old = entry->head.data;
	size_t at = 0, main_at;

	if (size >= 1ull << 33)
		return err_new("%s: %llu bytes; above 8 GiB is more than a tar header takes",
			       entry->name, (unsigned long long)size);
	while (at < entry->main_at) {
		uint64_t len = 0;

		number(old + at, SIZE_AT, SIZE_LEN, &len);

		size_t whole = (size_t)(TAR_BLOCK + len + tar_padding(len));

		if (old[at + TYPE_AT] == 'x')
			resize_pax(old + at, (const char *)old + at + TAR_BLOCK, (size_t)len, size,
				   head_ret);
		else
			buf_put(head_ret, old + at, whole);
		at += whole;
	}
	main_at = head_ret->len;
	buf_put(head_ret, old + at, entry->head.len - at);
	snprintf((char *)head_ret->data + main_at + SIZE_AT, SIZE_LEN, "%011llo",
		 (unsigned long long)size);
	sum_block(head_ret->data + main_at);
	return NULL;
}

void tar_rename(struct buf *head, const char *text, const char *with)
{
	size_t len = strlen(text), at = 0;
	uint8_t *hit;

	while (head->len - at >= len &&
	       (hit = memmem(head->data + at, head->len - at, text, len))) {
		memcpy(hit, with, len);
		at = (size_t)(hit - head->data) + len;
	}
	for (at = 0; at + TAR_BLOCK <= head->len;) {
		uint64_t size = 0;
		bool extended = strchr("xLK", (char)head->data[at + TYPE_AT]) &&
				head->data[at + TYPE_AT];

		number(head->data + at, SIZE_AT, SIZE_LEN, &size);
		sum_block(head->data + at);
		if (!extended)
			break;
		at += (size_t)(TAR_BLOCK + size + tar_padding(size));
	}
}
