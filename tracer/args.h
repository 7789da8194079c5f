/* SPDX-License-Identifier: MIT */
/* The arguments of a probe: from words by their names in the notes to values by their types. */
#ifndef TRACER_ARGS_H
#define TRACER_ARGS_H

#include "tracer/selection.h"

/* Fills probe->args, nargs, nwords and the texts from the names in .note.goprobes. */
void args_take(struct sel_probe *probe);

/* The same for a probe of others: arg0, arg1 ... by the operands of its first site. */
void args_take_foreign(struct sel_probe *probe);

/* Fills wire->words from the operands of a site; those of unknown form cannot be read. */
void args_take_words(struct wire_site *wire, const char *operands);

/* Whether text is more than its end, which is `end`. */
bool args_ends_with(const char *text, const char *end);

#endif
