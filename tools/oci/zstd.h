/* SPDX-License-Identifier: MIT */
/* libzstd, opened only when a layer is compressed with it: it would slow every start. */
#ifndef OCI_ZSTD_H
#define OCI_ZSTD_H

#include <zstd.h>

#include "base/err.h"

struct zstd {
	void *handle; /* NULL until it is loaded */
	ZSTD_DStream *(*create_reader)(void);
	size_t (*free_reader)(ZSTD_DStream *);
	size_t (*read)(ZSTD_DStream *, ZSTD_outBuffer *, ZSTD_inBuffer *);
	ZSTD_CStream *(*create_writer)(void);
	size_t (*free_writer)(ZSTD_CStream *);
	size_t (*set)(ZSTD_CStream *, ZSTD_cParameter, int);
	size_t (*write)(ZSTD_CStream *, ZSTD_outBuffer *, ZSTD_inBuffer *, ZSTD_EndDirective);
	unsigned (*is_error)(size_t);
	const char *(*error_name)(size_t);
};

/* Opens the library; the error names the package that has it. zstd_unload() takes it. */
struct err *zstd_load(struct zstd *zstd_ret);
void zstd_unload(struct zstd *zstd);

#endif
