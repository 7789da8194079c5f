/* SPDX-License-Identifier: MIT */
/* Prints the struct fields that the builtin definitions use, from a Go binary's DWARF:
 * "net/http.Request.URL 16 *net/url.URL", one a line. stdlib-probes/layouts/regenerate.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/image.h"
#include "probe/bind.h"

static void print_field(void *arg, const char *type, const char *field, uint64_t offset,
			const char *field_type)
{
	(void)arg;
	printf("%s.%s %llu %s\n", type, field, (unsigned long long)offset,
	       strchr(field_type, ' ') ? "?" : field_type);
}

/* A function that the program lacks hides the fields it would lead to. */
static bool complete(const struct bound_set *bound)
{
	bool whole = bound->used_dwarf;

	for (size_t i = 0; i < bound->nprobes; i++) {
		const struct bound_probe *probe = &bound->probes[i];

		if (probe->refusal == REFUSED_NONE || probe->refusal == REFUSED_VERSION)
			continue;
		fprintf(stderr, "%s:%s: %s: %s\n", probe->def->provider, probe->def->name,
			probe->variant->symbol,
			probe->detail ? probe->detail : refusal_text(probe->refusal));
		whole = false;
	}
	return whole;
}

static struct err *dump(const char *path, struct image **image, struct gobin **gobin,
			struct def_set **defs, struct godwarf **dwarf, struct bound_set **bound)
{
	const char **packages;
	size_t n;

	TRY(def_load_builtin(defs));
	TRY(image_open(path, image));
	TRY(gobin_read(*image, gobin));
	bind_packages(*defs, NULL, &packages, &n);

	struct err *err = godwarf_open(*image, packages, n, dwarf);

	free(packages);
	if (err)
		return err;
	if (!*dwarf)
		return err_new("%s: has no DWARF", path);
	return bind_probes_seen(*defs, NULL, *gobin, *dwarf, print_field, NULL, bound);
}

int main(int argc, char **argv)
{
	struct image *image = NULL;
	struct gobin *gobin = NULL;
	struct def_set *defs = NULL;
	struct godwarf *dwarf = NULL;
	struct bound_set *bound = NULL;
	struct err *err = argc == 2 ? dump(argv[1], &image, &gobin, &defs, &dwarf, &bound)
				    : err_new("usage: dump_layout GO-BINARY");
	bool failed = err || !complete(bound);

	if (err)
		fprintf(stderr, "%s\n", err->message);
	err_free(err);
	bind_free(bound);
	godwarf_close(dwarf);
	def_free(defs);
	gobin_free(gobin);
	image_close(image);
	return failed;
}
