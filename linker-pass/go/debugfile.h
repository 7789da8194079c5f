/* SPDX-License-Identifier: MIT */
/* The DWARF sections of an image as a small ELF file of their own; private to go/. */
#ifndef GO_DEBUGFILE_H
#define GO_DEBUGFILE_H

#include "base/err.h"
#include "elf/image.h"

/*
 * Writes the sections that types and parameters need, decompressed, to an unnamed file in
 * memory. libdw would otherwise inflate every debug section onto the heap; mapped from
 * such a file, only the pages that are looked at count. *fd_ret, owned by the caller, is
 * -1 when the image has no .debug_info. Knows SHF_COMPRESSED with zlib and the older
 * .zdebug_ names (Go 1.18); any other compression is an error.
 */
struct err *debugfile_make(const struct image *image, int *fd_ret);

#endif
