/* SPDX-License-Identifier: MIT */
/* libzstd, opened when it is needed. */
#include <dlfcn.h>

#include "library.h"
#include "oci/zstd.h"

struct err *zstd_load(struct zstd *zstd_ret)
{
	struct zstd *lib = zstd_ret;
	static const char *const files[] = { "libzstd.so.1", NULL };
	const struct library_symbol symbols[] = {
		{ "ZSTD_createDStream", &lib->create_reader },
		{ "ZSTD_freeDStream", &lib->free_reader },
		{ "ZSTD_decompressStream", &lib->read },
		{ "ZSTD_createCStream", &lib->create_writer },
		{ "ZSTD_freeCStream", &lib->free_writer },
		{ "ZSTD_CCtx_setParameter", &lib->set },
		{ "ZSTD_compressStream2", &lib->write },
		{ "ZSTD_isError", &lib->is_error },
		{ "ZSTD_getErrorName", &lib->error_name },
	};

	return library_open(files, "a layer is compressed with zstd, which needs libzstd.so.1 "
			    "(Debian and Ubuntu: apt-get install libzstd1; Fedora: dnf install "
			    "libzstd)",
			    symbols, sizeof(symbols) / sizeof(symbols[0]), &lib->handle);
}

void zstd_unload(struct zstd *zstd)
{
	if (zstd->handle)
		dlclose(zstd->handle);
	zstd->handle = NULL;
}
