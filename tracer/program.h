/* SPDX-License-Identifier: MIT */
/* What the Go program in a traced file tells of its types; read when it is first asked. */
#ifndef TRACER_PROGRAM_H
#define TRACER_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

struct program;

/* Borrows the image. A file without Go knows nothing. */
struct program *program_new(const struct image *image);
void program_free(struct program *program); /* NULL is fine */

/*
 * The dynamic type of an interface by its first word, as an address in the file: that of a
 * method table when `has_methods`, else of the type. NULL when it is not known. Belongs to
 * the program, until other types are asked for.
 */
const char *program_type(struct program *program, uint64_t word, bool has_methods);

/*
 * First words of errors whose value begins with their text: those of errors.New, fmt.Errorf
 * and github.com/pkg/errors. Fills in at most `max` addresses in the file; returns how many.
 */
size_t program_text_errors(struct program *program, uint64_t *words_ret, size_t max);

#endif
