/* SPDX-License-Identifier: MIT */
/*
 * Blobs as streams: reading takes the compression away (none, gzip with any number of
 * members, zstd with any frames) and writing puts it on again. Both keep the SHA-256 of what
 * lies in the file (the blob's digest) and of what it holds (a layer's diff id). Memory is
 * a block or two, and zstd's window (at most 128 MiB).
 */
#ifndef OCI_STREAM_H
#define OCI_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <sha2.h>
#include <zlib.h>

#include "oci/zstd.h"

#define DIGEST_SIZE 72 /* "sha256:", 64 digits, NUL */

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* "none", "gzip" or "zstd". */
const char *compression_name(enum compression kind);

struct stream {
	const char *name; /* in errors, borrowed */
	int fd;           /* borrowed */
	uint64_t at, end; /* what is still to be read from the file */
	enum compression kind;
	int level;        /* of gzip, as far as its header tells: 1, 6 or 9 */
	uint8_t *in;
	size_t in_pos, in_len;
	bool between;     /* at the end of a gzip member or zstd frame */
	z_stream z;
	struct zstd zstd;
	ZSTD_DStream *reader;
	bool unsummed;    /* set by who wants no digests, after opening */
	SHA2_CTX raw, plain;
	uint64_t pos;     /* plain bytes handed out */
};

/* Reads `size` bytes of `fd` from `off`. The caller gives it to stream_close(), also after
 * an error. */
struct err *stream_open(struct stream *stream, int fd, uint64_t off, uint64_t size,
			const char *name);
/* The same for bytes that are taken as they are. */
struct err *stream_open_plain(struct stream *stream, int fd, uint64_t off, uint64_t size,
			      const char *name);
/* Up to `want` plain bytes; fewer than that only at the end. Errors: damaged, truncated. */
struct err *stream_read(struct stream *stream, void *into, size_t want, size_t *got_ret);
/* Reads what is left; both digests. */
struct err *stream_finish(struct stream *stream, char raw_ret[DIGEST_SIZE],
			  char plain_ret[DIGEST_SIZE]);
void stream_close(struct stream *stream);

struct sink {
	const char *name; /* in errors, borrowed */
	int fd;           /* borrowed */
	uint64_t size;    /* bytes written to the file */
	enum compression kind;
	uint8_t *out;
	z_stream z;
	struct zstd zstd;
	ZSTD_CStream *writer;
	SHA2_CTX raw, plain;
};

/* Appends to `fd`, compressed like the blob that `like` reads. sink_close() in any case. */
struct err *sink_open(struct sink *sink, int fd, const struct stream *like, const char *name);
struct err *sink_write(struct sink *sink, const void *bytes, size_t len);
struct err *sink_finish(struct sink *sink, char raw_ret[DIGEST_SIZE],
			char plain_ret[DIGEST_SIZE]);
void sink_close(struct sink *sink);

/* "sha256:..." of bytes in memory, and of a context, which is used up. */
void digest_of(const void *bytes, size_t len, char digest_ret[DIGEST_SIZE]);
void digest_end(SHA2_CTX *context, char digest_ret[DIGEST_SIZE]);

/* All of it, whatever write(2) makes of it. */
struct err *write_whole(int fd, const void *bytes, size_t len, const char *name);

#endif
