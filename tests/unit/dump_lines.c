/* SPDX-License-Identifier: MIT */
/*
 * Prints what pcline_at() says of addresses of a Go program:
 *   dump_lines FILE [-w]    reads hexadecimal addresses from standard input; for each, its
 *                           frames as "function<TAB>file:line", innermost first, then a
 *                           line ".". -w leaves out wrappers.
 *   dump_lines FILE -a      every function, at its entry and at each 7th byte: nothing is
 *                           printed but their number, for tests with damaged files
 *   dump_lines              test: nothing to do
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "go/pcline.h"

static void print_frames(const struct gobin *gobin, uint64_t addr, bool wrappers)
{
	struct pcline frames[PCLINE_MAX];
	size_t n = pcline_at(gobin, addr, frames);

	for (size_t i = 0; i < n; i++)
		if (wrappers || !frames[i].wrapper)
			printf("%s\t%s:%u\n", frames[i].func, frames[i].file, frames[i].line);
	puts(".");
}

static void print_all(const struct gobin *gobin)
{
	uint64_t asked = 0, found = 0, letters = 0;

	for (size_t i = 0; i < gobin->nfuncs; i++) {
		const struct gofunc *func = &gobin->funcs[i];

		for (uint64_t addr = func->entry; addr < func->end; addr += 7) {
			struct pcline frames[PCLINE_MAX];
			size_t n = pcline_at(gobin, addr, frames);

			asked++;
			found += n;
			while (n--)
				letters += strlen(frames[n].func) + strlen(frames[n].file);
		}
	}
	printf("%" PRIu64 " addresses %" PRIu64 " frames %" PRIu64 " letters\n", asked, found,
	       letters);
}

static struct err *dump(const struct image *image, const char *option)
{
	struct gobin *gobin;
	char line[64];

	TRY(image_check_target(image));
	TRY(gobin_read(image, &gobin));
	if (!strcmp(option, "-a"))
		print_all(gobin);
	else
		while (fgets(line, sizeof(line), stdin))
			print_frames(gobin, strtoull(line, NULL, 16), strcmp(option, "-w") != 0);
	gobin_free(gobin);
	return NULL;
}

int main(int argc, char **argv)
{
	struct image *image = NULL;

	if (argc < 2)
		return EXIT_DONE;
	struct err *err = image_open(argv[1], &image);

	if (!err)
		err = dump(image, argc > 2 ? argv[2] : "");
	int status = err ? EXIT_FAILED : EXIT_DONE;

	if (err)
		fprintf(stderr, "%s\n", err->message);
	err_free(err);
	image_close(image);
	return status;
}
