/* SPDX-License-Identifier: MIT */
/* Opens shared libraries. */
#include <dlfcn.h>
#include <string.h>

#include "library.h"

struct err *library_open(const char *const *files, const char *needed,
			 const struct library_symbol *symbols, size_t n, void **handle_ret)
{
	*handle_ret = NULL;
	for (int i = 0; files[i] && !*handle_ret; i++)
		*handle_ret = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
	if (!*handle_ret)
		return err_new("%s: %s", needed, dlerror());
	for (size_t i = 0; i < n; i++) {
		void *symbol = dlsym(*handle_ret, symbols[i].name);

		if (!symbol)
			return err_new("%s has no %s: it is too old", files[0], symbols[i].name);
		memcpy(symbols[i].slot, &symbol, sizeof(symbol));
	}
	return NULL;
}
