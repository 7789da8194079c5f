/* SPDX-License-Identifier: MIT */
/* Building a patched compiler from the sources of a Go installation. */
#ifndef TOOLCHAIN_BUILD_H
#define TOOLCHAIN_BUILD_H

#include <stdbool.h>

#include "base/err.h"
#include "probe/embed.h"

struct build {
	const char *goroot;  /* as the go command is to see it: overlay paths start with it */
	const char *host;    /* "linux_amd64", from the path of the compiler */
	const char *compile; /* the original */
	const char *version; /* "go1.26.8" */
	const struct embed_file *patch;
	const char *folder;  /* where to work and what is left there is removed by the caller */
};

/*
 * Applies the patch and builds, leaving the compiler at FOLDER/compile; it has been checked
 * that it reports the version of the original. On an error *lasting_ret says whether the same
 * would come of a second try.
 */
struct err *build_compiler(const struct build *build, bool *lasting_ret);

#endif
