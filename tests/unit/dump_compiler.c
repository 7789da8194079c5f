/* SPDX-License-Identifier: MIT */
/*
 * Prints the path of the patched compiler for GOROOT/pkg/tool/linux_amd64/compile:
 *   dump_compiler COMPILE [VERSION]   what toolchain_compiler() says; messages on standard error
 *   dump_compiler                     test: nothing to do
 */
#include <stdio.h>
#include <stdlib.h>

#include "toolchain/toolchain.h"

static void notice(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv)
{
	char *path = NULL;

	if (argc < 2)
		return 0;

	struct err *err = toolchain_compiler(argv[1], argc > 2 ? argv[2] : NULL, notice, &path);

	if (err)
		fprintf(stderr, "%s\n", err->message);
	else
		puts(path);
	free(path);

	int code = err ? (int)err->code : 0;

	err_free(err);
	return code;
}
