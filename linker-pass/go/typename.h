/* SPDX-License-Identifier: MIT */
/* The names of Go types, by the addresses of their descriptors. */
#ifndef GO_TYPENAME_H
#define GO_TYPENAME_H

#include "go/gobin.h"

/*
 * The name of the type whose descriptor (internal/abi.Type; before 1.21 runtime._type) is at
 * `type`: "*net.OpError". NULL when there is none, as for types that a program makes while
 * it runs. The caller owns it. Addresses are those of the file.
 */
char *typename_of(const struct gobin *gobin, uint64_t type);

/* The same of the dynamic type in an interface with methods, by its itab. */
char *typename_of_itab(const struct gobin *gobin, uint64_t itab);

#endif
