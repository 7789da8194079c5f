/* SPDX-License-Identifier: MIT */
/*
 * Prints what gobin_read() makes of a file:
 *   dump_gobin FILE                 "entry end flag deferreturn name" of each function
 *   dump_gobin FILE -i              version, text, path and settings
 *   dump_gobin FILE -c NAME...      "count name": inlined copies of each function
 *   dump_gobin                      test: itself, a C program, must be refused
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/gobin.h"

static void dump_info(const struct gobin *gobin)
{
	printf("version %s minor %u patch %u\n", gobin->version, gobin->minor, gobin->patch);
	printf("text 0x%" PRIx64 " 0x%" PRIx64 "\n", gobin->text_start, gobin->text_end);
	printf("funcs %zu\npath %s\n", gobin->nfuncs, gobin->main_path);
	for (size_t i = 0; i < gobin->nsettings; i++)
		printf("%s=%s\n", gobin->settings[i].key, gobin->settings[i].value);
}

static void dump_counts(const struct gobin *gobin, const char *const *names, size_t n)
{
	unsigned *counts = mem_zalloc(n * sizeof(*counts));

	gobin_count_inlined(gobin, names, n, counts);
	for (size_t i = 0; i < n; i++)
		printf("%u %s\n", counts[i], names[i]);
	free(counts);
}

static int dump_funcs(const struct gobin *gobin)
{
	for (size_t i = 0; i < gobin->nfuncs; i++) {
		const struct gofunc *func = &gobin->funcs[i];
		const struct gofunc *found = gobin_func(gobin, func->name);

		printf("%" PRIx64 " %" PRIx64 " %u %u %s\n", func->entry, func->end, func->flag,
		       func->deferreturn, func->name);
		if (!found || strcmp(found->name, func->name))
			return 1;
	}
	return gobin_func(gobin, "no such/function") != NULL;
}

static struct err *dump(const struct image *image, int argc, char **argv, int *status_ret)
{
	struct gobin *gobin;

	TRY(image_check_target(image));
	TRY(gobin_read(image, &gobin));
	if (argc > 2 && strcmp(argv[2], "-i") == 0)
		dump_info(gobin);
	else if (argc > 2)
		dump_counts(gobin, (const char *const *)argv + 3, (size_t)argc - 3);
	else
		*status_ret = dump_funcs(gobin);
	gobin_free(gobin);
	return NULL;
}

static int refuse_self(void)
{
	struct image *image;
	struct gobin *gobin;
	struct err *err = image_open("/proc/self/exe", &image);

	if (err)
		return EXIT_FAILED;
	err = gobin_read(image, &gobin);
	int status = err && strstr(err->message, "not a Go program") ? EXIT_DONE : EXIT_FAILED;

	err_free(err);
	image_close(image);
	return status;
}

int main(int argc, char **argv)
{
	struct image *image = NULL;
	int status = 0;

	if (argc < 2)
		return refuse_self();
	struct err *err = image_open(argv[1], &image);

	if (!err)
		err = dump(image, argc, argv, &status);
	if (err) {
		fprintf(stderr, "%s\n", err->message);
		status = EXIT_FAILED;
	}
	err_free(err);
	image_close(image);
	return status;
}
