/* SPDX-License-Identifier: MIT */
/*
 * Struct offsets per Go version, for binaries without DWARF: stdlib-probes/layouts/amd64.txt,
 * embedded; `make layouts` makes it. One line a field, offset and type
 * behind each version from which they hold ("-" = not there):
 *
 *   net/http.Request.ctx 1.18:232:context.Context 1.23:248:context.Context
 *
 * The line "go 1.18.10 1.19.13 ..." names the releases that were measured. Lines that start
 * with "#" are comments.
 */
#ifndef PROBE_LAYOUT_H
#define PROBE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the data were measured for Go 1.<minor>. */
bool layout_covers(unsigned minor);

/* The newest minor that was measured. */
unsigned layout_newest(void);

struct layout_field {
	uint64_t offset;
	const char *type; /* borrowed, not NUL-terminated */
	size_t type_len;
};

/* Field of struct `type` ("net/http.Request") in Go 1.<minor>; false when not known or not
 * there. */
bool layout_field(unsigned minor, const char *type, const char *field,
		  struct layout_field *field_ret);

#endif
