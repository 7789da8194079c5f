/* SPDX-License-Identifier: MIT */
/* The method tables (itabs) by which interface values name their dynamic type. */
#ifndef GO_ITAB_H
#define GO_ITAB_H

#include <stddef.h>
#include <stdint.h>

#include "go/gobin.h"

/*
 * Finds addresses that, as the first word of an interface value, mean that its first method
 * is one of `methods` (addresses of functions). An itab is {inter, type *T; hash uint32; fun
 * [...]uintptr} (runtime.itab, internal/abi.ITab): where the file, or a relocation, has the
 * method's address there may be one 24 bytes before. Should it be something else, no
 * interface value has that address. Returns how many, at most `max`. Reads nothing outside
 * the file.
 */
size_t itab_find(const struct gobin *gobin, const uint64_t *methods, size_t nmethods,
		 uint64_t *itabs_ret, size_t max);

#endif
