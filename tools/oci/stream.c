/* SPDX-License-Identifier: MIT */
/* Blobs as streams: reading. Formats: RFC 1952 (gzip), RFC 8878 (zstd). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/stream.h"

#define BLOCK (256u * 1024)
#define GZIP_WINDOW (15 + 16) /* the largest window, with gzip's header */

const char *compression_name(enum compression kind)
{
	static const char *const names[] = { "none", "gzip", "zstd" };

	return names[kind];
}

void digest_end(SHA2_CTX *context, char digest_ret[DIGEST_SIZE])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char *at = digest_ret;

	SHA256Final(hash, context);
	at += sprintf(at, "sha256:");
	for (size_t i = 0; i < sizeof(hash); i++)
		at += sprintf(at, "%02x", hash[i]);
}

void digest_of(const void *bytes, size_t len, char digest_ret[DIGEST_SIZE])
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, bytes, len);
	digest_end(&context, digest_ret);
}

/* The next block of the file; in_len is 0 at the end. */
static struct err *fill(struct stream *stream)
{
	uint64_t left = stream->end - stream->at;
	size_t want = left < BLOCK ? (size_t)left : BLOCK;
	ssize_t got;

	stream->in_pos = stream->in_len = 0;
	if (!want)
		return NULL;
	do
		got = pread(stream->fd, stream->in, want, (off_t)stream->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(errno, "%s: cannot read", stream->name);
	if (!got)
		return err_new("%s: truncated: the file ends %llu bytes early", stream->name,
			       (unsigned long long)left);
	if (!stream->unsummed)
		SHA256Update(&stream->raw, stream->in, (size_t)got);
	stream->at += (uint64_t)got;
	stream->in_len = (size_t)got;
	return NULL;
}

static enum compression tell(struct stream *stream)
{
	const uint8_t *in = stream->in;

	stream->level = Z_DEFAULT_COMPRESSION;
	if (stream->in_len >= 10 && in[0] == 0x1f && in[1] == 0x8b && in[2] == 8) {
		/* XFL, by which zlib and Go tell how hard they tried. */
		stream->level = in[8] == 2 ? Z_BEST_COMPRESSION : in[8] == 4 ? Z_BEST_SPEED : 6;
		return COMPRESSION_GZIP;
	}
	if (stream->in_len >= 4 && ((in[0] == 0x28 && in[1] == 0xb5 && in[2] == 0x2f &&
				     in[3] == 0xfd) ||
				    ((in[0] & 0xf0) == 0x50 && in[1] == 0x2a && in[2] == 0x4d &&
				     in[3] == 0x18)))
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

struct err *stream_open_plain(struct stream *stream, int fd, uint64_t off, uint64_t size,
			      const char *name)
{
	*stream = (struct stream){ .name = name, .fd = fd, .at = off, .end = off + size,
				   .between = true };
	SHA256Init(&stream->raw);
	SHA256Init(&stream->plain);
	stream->in = mem_zalloc(BLOCK);
	return NULL;
}

struct err *stream_open(struct stream *stream, int fd, uint64_t off, uint64_t size,
			const char *name)
{
	TRY(stream_open_plain(stream, fd, off, size, name));
	TRY(fill(stream));
	stream->kind = tell(stream);
	if (stream->kind == COMPRESSION_GZIP && inflateInit2(&stream->z, GZIP_WINDOW))
		return err_new("%s: zlib cannot be set up", name);
	if (stream->kind == COMPRESSION_ZSTD) {
		TRY(err_prefix(zstd_load(&stream->zstd), "%s", name));
		stream->reader = stream->zstd.create_reader();
		if (!stream->reader)
			return err_new("%s: libzstd cannot be set up", name);
	}
	return NULL;
}

static struct err *inflate_some(struct stream *stream, uint8_t *into, size_t want, size_t *got)
{
	z_stream *z = &stream->z;

	if (stream->between)
		inflateReset(z);
	stream->between = false;
	z->next_in = stream->in + stream->in_pos;
	z->avail_in = (uInt)(stream->in_len - stream->in_pos);
	z->next_out = into;
	z->avail_out = (uInt)want;

	int code = inflate(z, Z_NO_FLUSH);

	stream->in_pos = stream->in_len - z->avail_in;
	*got = want - z->avail_out;
	if (code == Z_STREAM_END)
		stream->between = true;
	else if (code != Z_OK && code != Z_BUF_ERROR)
		return err_new("%s: damaged gzip: %s", stream->name, z->msg ? z->msg :
			       "cannot be decompressed");
	return NULL;
}

static struct err *zstd_some(struct stream *stream, uint8_t *into, size_t want, size_t *got)
{
	ZSTD_inBuffer in = { stream->in, stream->in_len, stream->in_pos };
	ZSTD_outBuffer out = { into, want, 0 };
	size_t code = stream->zstd.read(stream->reader, &out, &in);

	stream->in_pos = in.pos;
	*got = out.pos;
	stream->between = code == 0;
	if (stream->zstd.is_error(code))
		return err_new("%s: damaged zstd: %s", stream->name,
			       stream->zstd.error_name(code));
	return NULL;
}

static struct err *copy_some(struct stream *stream, uint8_t *into, size_t want, size_t *got)
{
	size_t len = stream->in_len - stream->in_pos;

	len = len < want ? len : want;
	memcpy(into, stream->in + stream->in_pos, len);
	stream->in_pos += len;
	*got = len;
	return NULL;
}

static struct err *read_some(struct stream *stream, uint8_t *into, size_t want, size_t *got)
{
	switch (stream->kind) {
	case COMPRESSION_GZIP:
		return inflate_some(stream, into, want, got);
	case COMPRESSION_ZSTD:
		return zstd_some(stream, into, want, got);
	default:
		return copy_some(stream, into, want, got);
	}
}

struct err *stream_read(struct stream *stream, void *into, size_t want, size_t *got_ret)
{
	size_t total = 0;

	*got_ret = 0;
	while (total < want) {
		size_t step = want - total < BLOCK ? want - total : BLOCK, got = 0;
		bool at_end = false;

		if (stream->in_pos == stream->in_len) {
			TRY(fill(stream));
			at_end = !stream->in_len;
		}
		if (at_end && stream->between)
			break;
		TRY(read_some(stream, (uint8_t *)into + total, step, &got));
		if (at_end && !got)
			return err_new("%s: truncated: its %s data end in the middle",
				       stream->name, compression_name(stream->kind));
		total += got;
	}
	/* Without compression both are the same, see stream_finish(). */
	if (!stream->unsummed && stream->kind != COMPRESSION_NONE)
		SHA256Update(&stream->plain, into, total);
	stream->pos += total;
	*got_ret = total;
	return NULL;
}

struct err *stream_finish(struct stream *stream, char raw_ret[DIGEST_SIZE],
			  char plain_ret[DIGEST_SIZE])
{
	uint8_t *block = mem_zalloc(BLOCK);
	struct err *err;
	size_t got;

	do
		err = stream_read(stream, block, BLOCK, &got);
	while (!err && got);
	free(block);
	if (err)
		return err;
	digest_end(&stream->raw, raw_ret);
	if (stream->kind == COMPRESSION_NONE)
		memcpy(plain_ret, raw_ret, DIGEST_SIZE);
	else
		digest_end(&stream->plain, plain_ret);
	return NULL;
}

void stream_close(struct stream *stream)
{
	if (stream->kind == COMPRESSION_GZIP)
		inflateEnd(&stream->z);
	if (stream->reader)
		stream->zstd.free_reader(stream->reader);
	zstd_unload(&stream->zstd);
	free(stream->in);
	*stream = (struct stream){ 0 };
}
