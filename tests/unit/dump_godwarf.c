/* SPDX-License-Identifier: MIT */
/*
 * Prints what the DWARF of a file says, for the packages before "--":
 *   dump_godwarf FILE PACKAGE... -- SYMBOL...       parameters of functions
 *   dump_godwarf FILE PACKAGE... -- TYPE:FIELD...   offset, size and type of fields
 *   dump_godwarf                                    test: opens itself, a C program
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "go/godwarf.h"

static void dump_params(struct godwarf *dwarf, const char *symbol)
{
	struct godwarf_param *params;
	size_t n;

	if (!godwarf_params(dwarf, symbol, &params, &n)) {
		printf("%s: absent\n", symbol);
		return;
	}
	printf("%s\n", symbol);
	for (size_t i = 0; i < n; i++) {
		printf("  %s %s %s %" PRIu64, params[i].result ? "out" : "in", params[i].name,
		       params[i].type, params[i].size);
		for (int j = 0; j < params[i].npieces; j++)
			if (params[i].pieces[j].in_reg)
				printf(" %" PRIu64 "@reg%d", params[i].pieces[j].size,
				       params[i].pieces[j].reg);
			else
				printf(" %" PRIu64 "@cfa%+" PRId64, params[i].pieces[j].size,
				       params[i].pieces[j].cfa_off);
		printf("\n");
	}
	free(params);
}

static void dump_field(struct godwarf *dwarf, char *name)
{
	struct godwarf_field field;
	uint64_t size;
	char *colon = strchr(name, ':');

	*colon = 0;
	if (!godwarf_type_size(dwarf, name, &size))
		printf("%s: absent\n", name);
	else if (!godwarf_field(dwarf, name, colon + 1, &field))
		printf("%s %" PRIu64 ": no %s\n", name, size, colon + 1);
	else
		printf("%s %" PRIu64 ": %s at %" PRIu64 " %" PRIu64 " %s\n", name, size,
		       colon + 1, field.offset, field.size, field.type);
}

static struct err *dump(const char *path, char **args, int npackages, int nargs)
{
	struct image *image;
	struct godwarf *dwarf = NULL;

	TRY(image_open(path, &image));
	struct err *err = godwarf_open(image, (const char *const *)args, (size_t)npackages,
				       &dwarf);

	if (!err && !dwarf)
		printf("no DWARF\n");
	for (int i = npackages + 1; dwarf && i < nargs; i++) {
		if (strchr(args[i], ':'))
			dump_field(dwarf, args[i]);
		else
			dump_params(dwarf, args[i]);
	}
	godwarf_close(dwarf);
	image_close(image);
	return err;
}

int main(int argc, char **argv)
{
	char field[] = "int:x";
	char *self[] = { argv[0], "/proc/self/exe", "main", "--", "main.main", field, NULL };
	int npackages = 0;

	if (argc < 2) {
		argc = 6;
		argv = self;
	}
	while (npackages + 2 < argc && strcmp(argv[npackages + 2], "--"))
		npackages++;
	struct err *err = dump(argv[1], argv + 2, npackages, argc - 2);

	if (!err)
		return EXIT_DONE;
	fprintf(stderr, "%s\n", err->message);
	err_free(err);
	return EXIT_FAILED;
}
