/* SPDX-License-Identifier: MIT */
/* A second link, for the DWARF that the first was told to leave out. */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "elf/image.h"
#include "toolexec.h"
#include "toolexec_args.h"
#include "toolexec_run.h"

static struct err *has_dwarf(const char *path, bool *has_ret)
{
	struct image *image = NULL;

	TRY(image_open(path, &image));
	*has_ret = image_section(image, ".debug_info") || image_section(image, ".zdebug_info");
	image_close(image);
	return NULL;
}

struct err *toolexec_link_debug(char *const *argv, const char *out, char **path_ret)
{
	bool has;

	*path_ret = NULL;
	TRY(has_dwarf(out, &has));
	if (has)
		return NULL;

	char *path = mem_printf("%s.goprobes-dwarf", out);
	char **again = link_args_with_dwarf(argv, path);
	int code = toolexec_run(again, NULL, true);

	link_args_free(again);
	if (code) {
		unlink(path);
		free(path);
		return err_new("the linker fails (exit code %d) without -s and -w, so nobody knows "
			       "the types of own probes; write them into their definitions", code);
	}
	*path_ret = path;
	return NULL;
}
