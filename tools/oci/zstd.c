/* SPDX-License-Identifier: MIT */
/* libzstd, opened when it is needed. */
#include <dlfcn.h>
#include <string.h>

#include "oci/zstd.h"

struct err *zstd_load(struct zstd *zstd_ret)
{
	struct zstd *lib = zstd_ret;
	struct { const char *name; void *slot; } symbols[] = {
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

	lib->handle = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return err_new("a layer is compressed with zstd, which needs libzstd.so.1 (Debian "
			       "and Ubuntu: apt-get install libzstd1; Fedora: dnf install "
			       "libzstd): %s", dlerror());
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(lib->handle, symbols[i].name);

		if (!symbol)
			return err_new("libzstd.so.1 has no %s: it is too old", symbols[i].name);
		memcpy(symbols[i].slot, &symbol, sizeof(symbol));
	}
	return NULL;
}

void zstd_unload(struct zstd *zstd)
{
	if (zstd->handle)
		dlclose(zstd->handle);
	zstd->handle = NULL;
}
