/* SPDX-License-Identifier: MIT */
/* Blobs as streams: writing. The same bytes in give the same bytes out: no times, no names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/stream.h"

#define BLOCK (256u * 1024)
#define GZIP_WINDOW (15 + 16) /* the largest window, with gzip's header */

struct err *write_whole(int fd, const void *bytes, size_t len, const char *name)
{
	const uint8_t *at = bytes;

	while (len) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return err_sys(done ? errno : EIO, "%s: cannot write", name);
		at += done;
		len -= (size_t)done;
	}
	return NULL;
}

static struct err *put(struct sink *sink, const void *bytes, size_t len)
{
	SHA256Update(&sink->raw, bytes, len);
	sink->size += len;
	return write_whole(sink->fd, bytes, len, sink->name);
}

struct err *sink_open(struct sink *sink, int fd, const struct stream *like, const char *name)
{
	*sink = (struct sink){ .name = name, .fd = fd };
	SHA256Init(&sink->raw);
	SHA256Init(&sink->plain);
	sink->out = mem_zalloc(BLOCK);
	if (like->kind == COMPRESSION_GZIP &&
	    deflateInit2(&sink->z, like->level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY))
		return err_new("%s: zlib cannot be set up", name);
	if (like->kind == COMPRESSION_ZSTD) {
		TRY(zstd_load(&sink->zstd));
		sink->writer = sink->zstd.create_writer();
		if (!sink->writer)
			return err_new("%s: libzstd cannot be set up", name);
		sink->zstd.set(sink->writer, ZSTD_c_checksumFlag, 1);
	}
	sink->kind = like->kind;
	return NULL;
}

static struct err *deflate_all(struct sink *sink, const uint8_t *bytes, size_t len, int flush)
{
	z_stream *z = &sink->z;
	int code;

	z->next_in = (Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)len;
	do {
		z->next_out = sink->out;
		z->avail_out = BLOCK;
		code = deflate(z, flush);
		if (code == Z_STREAM_ERROR)
			return err_new("%s: zlib cannot compress", sink->name);
		TRY(put(sink, sink->out, BLOCK - z->avail_out));
	} while (!z->avail_out || (flush == Z_FINISH && code != Z_STREAM_END));
	return NULL;
}

static struct err *zstd_all(struct sink *sink, const uint8_t *bytes, size_t len,
			    ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { bytes, len, 0 };
	size_t code;

	do {
		ZSTD_outBuffer out = { sink->out, BLOCK, 0 };

		code = sink->zstd.write(sink->writer, &out, &in, how);
		if (sink->zstd.is_error(code))
			return err_new("%s: libzstd cannot compress: %s", sink->name,
				       sink->zstd.error_name(code));
		TRY(put(sink, sink->out, out.pos));
	} while (in.pos < len || (how == ZSTD_e_end && code));
	return NULL;
}

struct err *sink_write(struct sink *sink, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	if (sink->kind != COMPRESSION_NONE)
		SHA256Update(&sink->plain, bytes, len);
	while (len) {
		size_t step = len < BLOCK ? len : BLOCK;

		if (sink->kind == COMPRESSION_GZIP)
			TRY(deflate_all(sink, at, step, Z_NO_FLUSH));
		else if (sink->kind == COMPRESSION_ZSTD)
			TRY(zstd_all(sink, at, step, ZSTD_e_continue));
		else
			TRY(put(sink, at, step));
		at += step;
		len -= step;
	}
	return NULL;
}

struct err *sink_finish(struct sink *sink, char raw_ret[DIGEST_SIZE],
			char plain_ret[DIGEST_SIZE])
{
	if (sink->kind == COMPRESSION_GZIP)
		TRY(deflate_all(sink, NULL, 0, Z_FINISH));
	if (sink->kind == COMPRESSION_ZSTD)
		TRY(zstd_all(sink, NULL, 0, ZSTD_e_end));
	digest_end(&sink->raw, raw_ret);
	if (sink->kind == COMPRESSION_NONE)
		memcpy(plain_ret, raw_ret, DIGEST_SIZE);
	else
		digest_end(&sink->plain, plain_ret);
	return NULL;
}

void sink_close(struct sink *sink)
{
	if (sink->kind == COMPRESSION_GZIP)
		deflateEnd(&sink->z);
	if (sink->writer)
		sink->zstd.free_writer(sink->writer);
	zstd_unload(&sink->zstd);
	free(sink->out);
	*sink = (struct sink){ 0 };
}
