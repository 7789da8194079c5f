/* SPDX-License-Identifier: MIT */
/* Prints the itabs whose first method is one of these: dump_itabs FILE FUNCTION... */
#include <inttypes.h>
#include <stdio.h>

#include "go/itab.h"

static struct err *run(const char *path, char **names, int n)
{
	uint64_t methods[8], itabs[8];
	const struct gofunc *func;
	struct gobin *gobin = NULL;
	struct image *image;
	size_t nmethods = 0;

	TRY(image_open(path, &image));

	struct err *err = gobin_read(image, &gobin);

	for (int i = 0; i < n && i < 8 && !err; i++)
		if ((func = gobin_func(gobin, names[i])))
			methods[nmethods++] = func->entry;
	n = err ? 0 : (int)itab_find(gobin, methods, nmethods, itabs, 8);
	for (int i = 0; i < n; i++)
		printf("%016" PRIx64 "\n", itabs[i]);
	gobin_free(gobin);
	image_close(image);
	return err;
}

int main(int argc, char **argv)
{
	struct err *err = err_new("usage: dump_itabs FILE FUNCTION...");

	if (argc > 2) {
		err_free(err);
		err = run(argv[1], argv + 2, argc - 2);
	}
	if (!err)
		return 0;
	fprintf(stderr, "%s\n", err->message);
	err_free(err);
	return 1;
}
