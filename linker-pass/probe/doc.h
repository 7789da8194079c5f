/* SPDX-License-Identifier: MIT */
/* The probe definitions as documentation. */
#ifndef PROBE_DOC_H
#define PROBE_DOC_H

#include <stdio.h>

#include "probe/def.h"

/* Writes docs/probes.md: every provider and probe of the set, as Markdown. */
void doc_markdown(const struct def_set *defs, FILE *out);

#endif
