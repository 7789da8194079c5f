/* SPDX-License-Identifier: MIT */
/* Types of the traced program, by addresses in its file. */
#include <stdlib.h>

#include "base/mem.h"
#include "go/itab.h"
#include "go/typename.h"
#include "tracer/program.h"

enum { NAME_SLOTS = 512, ERRORS = 16 };

struct program {
	const struct image *image;
	struct gobin *gobin; /* NULL until asked, or when the file is none */
	bool asked;
	uint64_t *errors; /* with room for ERRORS; NULL until asked */
	size_t nerrors;
	struct {
		uint64_t word;
		char *name; /* NULL = none is known */
	} names[NAME_SLOTS]; /* a word that collides with another replaces it */
};

struct program *program_new(const struct image *image)
{
	struct program *program = mem_zalloc(sizeof(*program));

	program->image = image;
	return program;
}

void program_free(struct program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < NAME_SLOTS; i++)
		free(program->names[i].name);
	gobin_free(program->gobin);
	free(program->errors);
	free(program);
}

static const struct gobin *read_program(struct program *program)
{
	if (!program->asked)
		err_free(gobin_read(program->image, &program->gobin));
	program->asked = true;
	return program->gobin;
}

const char *program_type(struct program *program, uint64_t word, bool has_methods)
{
	size_t slot = (word >> 4 ^ word >> 13) % NAME_SLOTS;
	const struct gobin *gobin = read_program(program);

	if (!gobin)
		return NULL;
	if (program->names[slot].word != word) {
		free(program->names[slot].name);
		program->names[slot].word = word;
		program->names[slot].name = has_methods ? typename_of_itab(gobin, word) :
							  typename_of(gobin, word);
	}
	return program->names[slot].name;
}

static void find_errors(struct program *program)
{
	static const char *const names[] = {
		"errors.(*errorString).Error", "fmt.(*wrapError).Error",
		"fmt.(*wrapErrors).Error", "github.com/pkg/errors.(*fundamental).Error",
	};
	const struct gobin *gobin = read_program(program);
	uint64_t methods[sizeof(names) / sizeof(names[0])];
	size_t n = 0;

	program->errors = mem_zalloc(ERRORS * sizeof(*program->errors));
	for (size_t i = 0; gobin && i < sizeof(names) / sizeof(names[0]); i++) {
		const struct gofunc *func = gobin_func(gobin, names[i]);

		if (func)
			methods[n++] = func->entry;
	}
	if (n)
		program->nerrors = itab_find(gobin, methods, n, program->errors, ERRORS);
}

size_t program_text_errors(struct program *program, uint64_t *words_ret, size_t max)
{
	if (!program->errors)
		find_errors(program);
	size_t n = program->nerrors < max ? program->nerrors : max;

	for (size_t i = 0; i < n; i++)
		words_ret[i] = program->errors[i];
	return n;
}
