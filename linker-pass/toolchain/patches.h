/* SPDX-License-Identifier: MIT */
/* The patches that are a part of this program. */
#ifndef TOOLCHAIN_PATCHES_H
#define TOOLCHAIN_PATCHES_H

#include "probe/embed.h"

enum { PATCHES_OLDEST = 21 };

/*
 * The patch for a Go minor: linker-pass/toolchain/go1.N.patch with the greatest N that is not
 * above it, since a patch serves all releases from its own on until the next one. NULL for
 * minors before PATCHES_OLDEST.
 */
const struct embed_file *patches_for(unsigned minor);

#endif
